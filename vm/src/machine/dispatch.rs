//! One arm an instruction. The arms that take more than a line are in the files of their group.

use super::error::Outcome;
use super::{Flow, Machine};
use crate::protocol::Protocol;
use mpc_bytecode::Instruction;

impl<'p, P: Protocol> Machine<'p, P> {
    /// Executes an instruction of the current frame.
    pub(super) fn execute(&mut self, instruction: &'p Instruction) -> Outcome<Flow> {
        use Instruction as I;
        match instruction {
            I::Jump { to } => return Ok(Flow::Jump(to.0)),
            I::JumpIf { cond, to } => return self.jump_where(*cond, true, *to),
            I::JumpUnless { cond, to } => return self.jump_where(*cond, false, *to),
            I::Call { function, results, args } => return self.call(*function, results, args),
            I::Return { values } => return self.give_back(values),
            I::Raise { exception, message } => return self.raise(*exception, *message),
            I::Reraise { class, message, origin } => return self.raise_again(*class, *message, *origin),

            I::Const { dst, value } => self.constant(*dst, *value),
            I::Drop { regs } => self.drop_registers(regs),
            I::Copy { dst, src } => self.copy(*dst, *src),
            I::Dim { dst, dim } => self.dim(*dst, *dim),
            I::Param { dst, port } => self.param(*dst, *port),
            I::Unary { op, dst, src } => self.unary(*op, *dst, *src),
            I::Binary { op, dst, a, b } => self.binary(*op, *dst, *a, *b),
            I::Convert { dst, src } => self.convert(*dst, *src),
            I::Scaled { dst, src } => self.scaled(*dst, *src),
            I::Reduce { op, dst, src, axes } => self.reduce(*op, *dst, *src, axes),
            I::Choose { dst, cond, a, b } => self.choose(*dst, *cond, *a, *b),
            I::Format { dst, pieces } => self.format(*dst, pieces),
            I::Print { src } => self.print(*src),
            I::Range { dst, start, stop, step } => self.range(*dst, *start, *stop, *step),
            I::Count { dst, start, stop, step } => self.count(*dst, *start, *stop, *step),

            I::Size { dst, src, axis } => self.size(*dst, *src, *axis),
            I::Rank { dst, src } => self.rank(*dst, *src),
            I::Reshape { dst, src, shape } => self.reshape(*dst, *src, shape),
            I::Transpose { dst, src, axes } => self.transpose(*dst, *src, axes),
            I::Index { dst, src, places } => self.index(*dst, *src, places),
            I::Assign { dst, src, places, value } => self.assign(*dst, *src, places, *value),
            I::Concat { dst, srcs, axis } => self.concat(*dst, srcs, *axis),
            I::Stack { dst, srcs } => self.stack(*dst, srcs),
            I::Broadcast { dst, src, shape } => self.broadcast(*dst, *src, shape),
            I::Gather { dst, src, at } => self.gather(*dst, *src, *at),
            I::Scatter { dst, src, at, value } => self.scatter(*dst, *src, *at, *value),
            I::Where { dst, src } => self.positions_where(*dst, *src),

            I::Share { dst, src } => self.share(*dst, *src),
            I::Add { dst, a, b } => self.add(*dst, *a, *b),
            I::Sub { dst, a, b } => self.sub(*dst, *a, *b),
            I::Neg { dst, src } => self.neg(*dst, *src),
            I::AddPublic { dst, a, b } => self.add_public(*dst, *a, *b),
            I::PublicSub { dst, a, b } => self.public_sub(*dst, *a, *b),
            I::MulPublic { dst, a, b } => self.mul_public(*dst, *a, *b),
            I::MatmulPublic { dst, a, b } => self.matmul_public(*dst, *a, *b),
            I::PublicMatmul { dst, a, b } => self.public_matmul(*dst, *a, *b),
            I::Sum { dst, src, axes } => self.sum(*dst, *src, axes),
            I::ShiftLeft { dst, src, bits } => self.shift_left(*dst, *src, *bits),
            I::Retype { dst, src } => self.retype(*dst, *src),

            I::Mul { .. }
            | I::Square { .. }
            | I::Matmul { .. }
            | I::Trunc { .. }
            | I::Ltz { .. }
            | I::Eqz { .. }
            | I::Bits { .. }
            | I::Open { .. }
            | I::Input { .. }
            | I::Output { .. } => self.interact(std::slice::from_ref(instruction)),
            I::Together { .. } => self.together(),

            I::List { dst, items } => self.list(*dst, items),
            I::Push { dst, src, item } => self.push(*dst, *src, *item),
            I::Pop { dst, item, src, at } => self.pop(*dst, *item, *src, *at),
            I::Get { dst, src, at } => self.get(*dst, *src, *at),
            I::Set { dst, src, at, item } => self.set(*dst, *src, *at, *item),
            I::Length { dst, src } => self.length(*dst, *src),
            I::Join { dst, a, b } => self.join(*dst, *a, *b),
            I::Slice { dst, src, start, stop, step } => self.slice(*dst, *src, [*start, *stop, *step]),
            I::Repeat { dst, src, times } => self.repeat(*dst, *src, *times),
            I::Pack { dst, src } => self.pack(*dst, *src),
            I::Unpack { dst, src } => self.unpack(*dst, *src),
        }?;
        Ok(Flow::Next)
    }
}
