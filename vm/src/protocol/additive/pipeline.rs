//! Work in blocks that are under way together: every block goes through the same stages, and between two stages its messages
//! travel while other blocks are worked on.
//!
//! The order of steps depends on the number of blocks and stages alone, so all players send and expect alike. Between two blocks of a stage
//! the primitive gives way to others of its group.

use crate::protocol::{Fault, Lane};

/// Blocks under way, at most: it bounds memory, and covers the way of a message.
const UNDER_WAY: usize = 8;

/// Takes each of `blocks` blocks through `stages` stages. `step` gets stage and block and what the stage before left, does the
/// stage's work and leaves something for the next. From stage 1 on a step begins by receiving: a round, however many blocks.
///
/// # Errors
/// The first of a step.
pub async fn run<S: Default>(
    lane: &Lane<'_>,
    blocks: usize,
    stages: usize,
    mut step: impl FnMut(&Lane<'_>, usize, usize, S) -> Result<S, Fault>,
) -> Result<(), Fault> {
    // Blocks that a stage is behind the one before it.
    let lag = (UNDER_WAY / stages.saturating_sub(1).max(1)).clamp(1, blocks.max(1));
    let mut left: Vec<S> = (0..blocks).map(|_| S::default()).collect();
    let end = blocks + stages.saturating_sub(1) * lag;
    for time in 0..if blocks == 0 { 0 } else { end } {
        if time > 0 {
            lane.turn().await;
        }
        for stage in (0..stages).rev() {
            let Some(block) = time.checked_sub(stage * lag).filter(|&block| block < blocks) else { continue };
            if stage > 0 && block == 0 {
                lane.begin_round();
            }
            left[block] = step(lane, stage, block, std::mem::take(&mut left[block]))?;
        }
    }
    Ok(())
}
