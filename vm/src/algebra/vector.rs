//! The widest vector instructions of this machine, chosen at run time, for loops that the compiler vectorises by itself.
#![allow(
    unsafe_code,
    reason = "a function compiled for more instructions than the baseline may only be called where they exist"
)]

/// Instruction sets that kernels are written or compiled for; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every machine of the architecture has.
    Baseline,
    /// AVX2.
    Avx2,
    /// AVX-512 with 64-bit multiplication: F, BW, DQ and VL.
    Avx512,
    /// AVX-512 with 52-bit fused multiply-add as well.
    Avx512Ifma,
}

impl Level {
    /// Every level, the simplest first.
    pub const ALL: [Self; 4] = [Self::Baseline, Self::Avx2, Self::Avx512, Self::Avx512Ifma];

    /// The highest level of this machine.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn detect() -> Self {
        // Cheap: the standard library keeps the answers in an atomic.
        if !is_x86_feature_detected!("avx2") {
            Self::Baseline
        } else if !(is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl"))
        {
            Self::Avx2
        } else if !is_x86_feature_detected!("avx512ifma") {
            Self::Avx512
        } else {
            Self::Avx512Ifma
        }
    }

    /// The highest level of this machine.
    #[cfg(not(target_arch = "x86_64"))]
    #[must_use]
    pub fn detect() -> Self {
        Self::Baseline
    }
}

/// Runs `work` compiled for the widest vectors that this machine has.
///
/// `work` is to be a closure marked `#[inline(always)]`, and so is what it calls: what stays out of line stays as it was
/// compiled, for the baseline.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    match Level::detect() {
        Level::Baseline => work(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `detect` found AVX2.
        Level::Avx2 => unsafe { with_avx2(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `detect` found these parts of AVX-512.
        Level::Avx512 | Level::Avx512Ifma => unsafe { with_avx512(work) },
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 | Level::Avx512Ifma => work(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}
