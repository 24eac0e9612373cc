//! What expressions evaluate to.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

/// Deepest nesting of lists and scopes that an evaluation makes; a lambda could wrap its own result at every turn.
const DEEPEST: usize = 64;

/// A value; what it is taken from is borrowed.
#[derive(Debug, Clone)]
pub enum Value<'d> {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number that is not whole: neither truthy nor falsy, and of no use to any operation.
    Broken,
    /// A text.
    Text(Cow<'d, str>),
    /// A point in time, in milliseconds since 1970. JSON has none: only `plusTime` and `dccDateOfBirth` make them.
    Time(i64),
    /// An array of the data.
    Items(&'d [Json]),
    /// An object of the data.
    Object(&'d Map<String, Json>),
    /// An array that an expression has made.
    List(List<'d>),
    /// An object that is made of such values: all that a rule sees, and what a lambda of `reduce` sees.
    Fields(Fields<'d>),
}

/// An array that an expression has made, and how deep it is.
#[derive(Debug, Clone)]
pub struct List<'d> {
    items: Rc<[Value<'d>]>,
    depth: usize,
}

/// An object that is made of values, and how deep it is.
#[derive(Debug, Clone)]
pub struct Fields<'d> {
    fields: Rc<[(&'static str, Value<'d>)]>,
    depth: usize,
}

/// Why an expression could not be evaluated over some data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// It took more steps than any rule needs.
    #[error("took more than {} steps", super::MOST_STEPS)]
    Steps,
    /// It made lists within lists without end.
    #[error("makes values nested deeper than {DEEPEST} levels")]
    Depth,
    /// A value that is neither truthy nor falsy where one or the other is needed.
    #[error("asks of a value that is neither true nor false")]
    NeitherTrueNorFalse,
    /// An operand of a type that its operation does not take.
    #[error("{0} cannot be done with such a value")]
    Type(&'static str),
    /// A text that is no date where one is needed.
    #[error("a text is no date")]
    Date,
    /// A sum or a date beyond what can be told.
    #[error("a sum is beyond all bounds")]
    Overflow,
}

impl<'d> List<'d> {
    /// What is in it.
    pub fn items(&self) -> &[Value<'d>] {
        &self.items
    }
}

impl<'d> Value<'d> {
    /// The same as JSON.
    pub fn of(json: &'d Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => number.as_i64().map_or(Self::Broken, Self::Integer),
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(items) => Self::Items(items),
            Json::Object(entries) => Self::Object(entries),
        }
    }

    pub(super) fn list(items: Vec<Self>) -> Result<Self, Fault> {
        let depth = deeper(&items)?;
        Ok(Self::List(List { items: items.into(), depth }))
    }

    pub(super) fn fields<const N: usize>(fields: [(&'static str, Self); N]) -> Result<Self, Fault> {
        let depth = deeper(fields.iter().map(|(_, value)| value))?;
        Ok(Self::Fields(Fields { fields: Rc::new(fields), depth }))
    }

    const fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            Self::Fields(fields) => fields.depth,
            _ => 0,
        }
    }

    /// Yes, no, or neither.
    pub(super) fn truth(&self) -> Result<bool, Fault> {
        match self {
            Self::Null => Ok(false),
            Self::Bool(value) => Ok(*value),
            Self::Integer(number) => Ok(*number != 0),
            Self::Text(text) => Ok(!text.is_empty()),
            Self::Items(items) => Ok(!items.is_empty()),
            Self::Object(entries) => Ok(!entries.is_empty()),
            Self::List(list) => Ok(!list.items.is_empty()),
            Self::Fields(fields) => Ok(!fields.fields.is_empty()),
            Self::Broken | Self::Time(_) => Err(Fault::NeitherTrueNorFalse),
        }
    }

    /// What stands under a name or at a place; nothing where there is nothing.
    pub(super) fn step(&self, step: &str) -> Self {
        let at = || step.parse::<usize>().ok();
        let found = match self {
            Self::Items(items) => at().and_then(|at| items.get(at)).map(Self::of),
            Self::Object(entries) => entries.get(step).map(Self::of),
            Self::List(list) => at().and_then(|at| list.items.get(at)).cloned(),
            Self::Fields(Fields { fields, .. }) => {
                fields.iter().find(|(name, _)| *name == step).map(|(_, value)| value.clone())
            }
            _ => None,
        };
        found.unwrap_or(Self::Null)
    }

    /// Equality without any conversion. Arrays, objects and times are equal to nothing, as the specification
    /// promises nothing about them.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }

    /// The items of an array.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::Items(items) => Some(items.iter().map(Self::of).collect()),
            Self::List(list) => Some(list.items.to_vec()),
            _ => None,
        }
    }
}

fn deeper<'v, 'd: 'v>(values: impl IntoIterator<Item = &'v Value<'d>>) -> Result<usize, Fault> {
    let depth = 1 + values.into_iter().map(Value::depth).max().unwrap_or(0);
    if depth > DEEPEST { Err(Fault::Depth) } else { Ok(depth) }
}
