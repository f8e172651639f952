//! What holds of loading on every sequence of bytes: it ends without a panic, and what the verifier lets pass is the one program
//! that its file and its text say.

use mpc_bytecode::{Program, program, verify};

/// Reads a program whose body is `body` and checks what comes of it.
///
/// # Errors
/// Which of the promises is broken.
pub fn check(body: &[u8]) -> Result<(), String> {
    let bytes = program::sealed(body);
    let Ok(program) = Program::from_bytes(&bytes) else { return Ok(()) };
    if program.to_bytes() != bytes {
        return Err("the program is written in another way than it was read".into());
    }
    if verify(&program).is_err() {
        return Ok(());
    }
    let text = program.to_text();
    match Program::from_text(&text) {
        Ok(read) if read == program => Ok(()),
        Ok(_) => Err(format!("the text is of another program:\n{text}")),
        Err(error) => Err(format!("the text cannot be read: {error}\n{text}")),
    }
}
