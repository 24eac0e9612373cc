//! Walking an expression over data.

use std::borrow::Cow;

use super::expression::{Comparison, Expression, Node, Sort};
use super::time;
use super::value::{Fault, Value};

/// Most steps of one evaluation. A rule in use takes some hundred; a look through a list counts as long as it is.
pub const MOST_STEPS: u32 = 100_000;

/// What texts of certificates may begin with and `extractFromUVCI` leaves out.
const UCI_PREFIX: &str = "URN:UVCI:";

/// What an expression evaluates to over data.
///
/// # Errors
/// [`Fault`]: the data are not what the expression is about, or it goes on for too long.
pub fn evaluate<'d>(expression: &'d Expression, data: Value<'d>) -> Result<Value<'d>, Fault> {
    Walk { steps: MOST_STEPS }.value(&expression.0, &data)
}

struct Walk {
    steps: u32,
}

impl Walk {
    fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.steps.checked_sub(steps));
        left.map(|left| self.steps = left).ok_or(Fault::Steps)
    }

    fn value<'d>(&mut self, node: &'d Node, data: &Value<'d>) -> Result<Value<'d>, Fault> {
        self.spend(1)?;
        match node {
            Node::Bool(value) => Ok(Value::Bool(*value)),
            Node::Integer(number) => Ok(Value::Integer(*number)),
            Node::Text(text) => Ok(Value::Text(Cow::Borrowed(text))),
            Node::List(items) => Value::list(self.values(items, data)?),
            Node::Var(path) => {
                self.spend(path.len())?;
                Ok(path.iter().fold(data.clone(), |value, step| value.step(step)))
            }
            Node::If(parts) => {
                let [guard, then, otherwise] = &**parts;
                let chosen = if self.value(guard, data)?.truth()? { then } else { otherwise };
                self.value(chosen, data)
            }
            Node::And(operands) => {
                let mut last = Value::Bool(true);
                for operand in operands {
                    if !last.truth()? {
                        break;
                    }
                    last = self.value(operand, data)?;
                }
                Ok(last)
            }
            Node::Not(operand) => Ok(Value::Bool(!self.value(operand, data)?.truth()?)),
            Node::Equals(operands) => {
                let [left, right] = self.both(operands, data)?;
                Ok(Value::Bool(left.equals(&right)))
            }
            Node::In(operands) => {
                let [wanted, list] = self.both(operands, data)?;
                self.is_in(&wanted, &list).map(Value::Bool)
            }
            Node::Plus(operands) => match self.both(operands, data)? {
                [Value::Integer(left), Value::Integer(right)] => {
                    left.checked_add(right).map(Value::Integer).ok_or(Fault::Overflow)
                }
                _ => Err(Fault::Type("+")),
            },
            Node::Compare(comparison, sort, operands) => {
                let numbers = self.values(operands, data)?;
                let numbers = numbers.iter().map(|value| match (sort, value) {
                    (Sort::Integers, Value::Integer(number)) | (Sort::Times, Value::Time(number)) => Ok(*number),
                    _ => Err(Fault::Type("a comparison")),
                });
                let numbers = numbers.collect::<Result<Vec<i64>, Fault>>()?;
                Ok(Value::Bool(numbers.windows(2).all(|pair| comparison.holds(pair[0], pair[1]))))
            }
            Node::PlusTime(date, amount, unit) => match self.value(date, data)? {
                Value::Text(text) => time::plus(time::read(&text)?, *amount, *unit).map(Value::Time),
                _ => Err(Fault::Type("plusTime")),
            },
            Node::BirthDate(date) => match self.value(date, data)? {
                Value::Text(text) => time::birth_date(&text).map(Value::Time),
                _ => Err(Fault::Type("dccDateOfBirth")),
            },
            Node::Reduce(parts) => self.reduce(parts, data),
            Node::FromUci(uci, index) => match self.value(uci, data)? {
                Value::Null => Ok(Value::Null),
                Value::Text(text) => {
                    self.spend(text.len() / 64)?;
                    Ok(from_uci(text, *index))
                }
                _ => Err(Fault::Type("extractFromUVCI")),
            },
        }
    }

    fn values<'d>(&mut self, nodes: &'d [Node], data: &Value<'d>) -> Result<Vec<Value<'d>>, Fault> {
        nodes.iter().map(|node| self.value(node, data)).collect()
    }

    fn both<'d>(&mut self, [left, right]: &'d [Node; 2], data: &Value<'d>) -> Result<[Value<'d>; 2], Fault> {
        Ok([self.value(left, data)?, self.value(right, data)?])
    }

    fn is_in(&mut self, wanted: &Value<'_>, list: &Value<'_>) -> Result<bool, Fault> {
        match list {
            Value::Items(items) => {
                self.spend(items.len())?;
                Ok(items.iter().any(|item| wanted.equals(&Value::of(item))))
            }
            Value::List(list) => {
                self.spend(list.items().len())?;
                Ok(list.items().iter().any(|item| wanted.equals(item)))
            }
            _ => Err(Fault::Type("in")),
        }
    }

    fn reduce<'d>(&mut self, [over, lambda, first]: &'d [Node; 3], data: &Value<'d>) -> Result<Value<'d>, Fault> {
        let over = match self.value(over, data)? {
            Value::Null => Vec::new(),
            list => list.items().ok_or(Fault::Type("reduce"))?,
        };
        let first = self.value(first, data)?;
        over.into_iter().try_fold(first, |accumulator, current| {
            let seen = [("accumulator", accumulator), ("current", current), ("data", data.clone())];
            self.value(lambda, &Value::fields(seen)?)
        })
    }
}

impl Comparison {
    const fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// One of the pieces of a certificate's identifier.
fn from_uci(text: Cow<'_, str>, index: i64) -> Value<'_> {
    let Ok(index) = usize::try_from(index) else { return Value::Null };
    let pieces = text.strip_prefix(UCI_PREFIX).unwrap_or(&text);
    let piece = pieces.split(['/', '#', ':']).nth(index);
    piece.map_or(Value::Null, |piece| Value::Text(Cow::Owned(piece.to_owned())))
}
