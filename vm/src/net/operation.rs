//! The names of messages.

/// Makes [`Operation`] from its table.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// What a message is about. Codes are part of the wire format and are never used again for something else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Operation {
            $($(#[$doc])* $name = $code,)*
        }

        impl Operation {
            /// Every operation, in the order of the table.
            pub const ALL: &[Operation] = &[$(Operation::$name,)*];

            /// The code in a frame header.
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// The operation of a code, if this version knows it.
            pub const fn from_code(code: u16) -> Option<Operation> {
                match code {
                    $($code => Some(Operation::$name),)*
                    _ => None,
                }
            }

            /// Its name in messages to people.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Operation::$name => $text,)*
                }
            }
        }
    };
}

operations! {
    /// The first message: who speaks, what program, what parameters.
    Hello = 1, "hello";
    /// An input's owner says whether it could be read, and its shape.
    Announce = 2, "announce";
    /// Survivors agree on what happens next.
    Agree = 4, "agree";
    /// Seeds of generators that a pair of players shares.
    Seed = 5, "seed";
    /// A demand for correlated randomness, to the dealer.
    Request = 16, "request";
    /// What the dealer adds to what a player derives from its seed.
    Correction = 17, "correction";
    /// Shares of an input.
    Input = 32, "input";
    /// Shares of a value that becomes public.
    Open = 33, "open";
    /// Shares of an output, to its receiver alone.
    Output = 34, "output";
    /// Masked operands of a multiplication.
    Multiply = 35, "multiply";
    /// Masked operand of a square.
    Square = 36, "square";
    /// Masked operands of a matrix product.
    MatMul = 37, "matrix product";
    /// Masked operands of a convolution.
    Convolve = 38, "convolution";
    /// A masked value to be truncated.
    Truncate = 39, "truncate";
    /// A masked value, or masked bits, of a comparison.
    Compare = 40, "compare";
    /// Masked bits on their way into the ring, or ring elements on their way to bits.
    Convert = 41, "convert";
    /// Masked bits of a conjunction.
    And = 42, "and";
    /// Masked operands of a selection by a secret bit.
    Select = 43, "select";
    /// A permutation step.
    Shuffle = 44, "shuffle";
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of a code that came from a peer, known or not.
pub(super) fn describe(code: u16) -> String {
    Operation::from_code(code).map_or_else(|| format!("operation {code}"), |operation| operation.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_known() {
        for (at, operation) in Operation::ALL.iter().enumerate() {
            assert_eq!(Operation::from_code(operation.code()), Some(*operation));
            assert!(Operation::ALL[..at].iter().all(|other| other.name() != operation.name()));
        }
        assert_eq!(describe(9999), "operation 9999");
    }
}
