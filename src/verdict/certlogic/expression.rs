//! What an expression is made of, and reading it from JSON.

use serde_json::Value as Json;

/// Longest expression as JSON, in bytes; the longest in use has 3 KiB.
pub const LONGEST: usize = 64 * 1024;

/// Deepest nesting of an expression; the rules in use have fifteen levels.
const DEEPEST: usize = 64;

/// An expression that is CertLogic, and that [`super::evaluate`] can walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(pub(super) Node);

/// Why JSON is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadExpression {
    /// Longer than [`LONGEST`].
    #[error("an expression has {LONGEST} bytes at most")]
    TooLong,
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// Nested too deeply.
    #[error("nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// A literal that CertLogic does not have: null, a number that is not whole.
    #[error("null and broken numbers are no expressions")]
    Literal,
    /// An object that is not one operation.
    #[error("an operation is an object with one name and an array of operands")]
    Shape,
    /// An operation of that name is not known.
    #[error("no operation is called {0:?}")]
    Operation(String),
    /// An operation with too few or too many operands, or with one that has to be a literal and is not.
    #[error("the operands of {0:?} are not what it takes")]
    Operands(String),
    /// A path with an empty step.
    #[error("{0:?} is no path")]
    Path(String),
}

/// One place of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Self>),
    /// Steps of a path; none: everything.
    Var(Vec<String>),
    If(Box<[Self; 3]>),
    And(Vec<Self>),
    Not(Box<Self>),
    Equals(Box<[Self; 2]>),
    In(Box<[Self; 2]>),
    Plus(Box<[Self; 2]>),
    /// Of integers or of times, of two or three.
    Compare(Comparison, Sort, Vec<Self>),
    PlusTime(Box<Self>, i64, Unit),
    BirthDate(Box<Self>),
    /// What is gone through, what is done with each, what it begins with.
    Reduce(Box<[Self; 3]>),
    FromUci(Box<Self>, i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Integers,
    Times,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    Month,
    Day,
    Hour,
}

impl Expression {
    /// Reads one as text.
    ///
    /// # Errors
    /// [`BadExpression`].
    pub fn parse(text: &str) -> Result<Self, BadExpression> {
        if text.len() > LONGEST {
            return Err(BadExpression::TooLong);
        }
        let json = serde_json::from_str(text).map_err(|error| BadExpression::Json(error.to_string()))?;
        node(&json, DEEPEST).map(Self)
    }

    /// Reads one from JSON. Its size is the caller's to bound.
    ///
    /// # Errors
    /// [`BadExpression`].
    pub fn read(json: &Json) -> Result<Self, BadExpression> {
        node(json, DEEPEST).map(Self)
    }
}

fn node(json: &Json, depth: usize) -> Result<Node, BadExpression> {
    let depth = depth.checked_sub(1).ok_or(BadExpression::TooDeep)?;
    match json {
        Json::Null => Err(BadExpression::Literal),
        Json::Bool(value) => Ok(Node::Bool(*value)),
        Json::Number(number) => number.as_i64().map(Node::Integer).ok_or(BadExpression::Literal),
        Json::String(text) => Ok(Node::Text(text.clone())),
        Json::Array(items) => nodes(items, depth).map(Node::List),
        Json::Object(entries) => {
            let mut entries = entries.iter();
            match (entries.next(), entries.next()) {
                (Some((name, operands)), None) => operation(name, operands, depth),
                _ => Err(BadExpression::Shape),
            }
        }
    }
}

fn nodes(items: &[Json], depth: usize) -> Result<Vec<Node>, BadExpression> {
    items.iter().map(|item| node(item, depth)).collect()
}

fn operation(name: &str, operands: &Json, depth: usize) -> Result<Node, BadExpression> {
    let wrong = || BadExpression::Operands(name.to_owned());
    if name == "var" {
        return path(operands.as_str().ok_or_else(wrong)?).map(Node::Var);
    }
    let operands = operands.as_array().ok_or(BadExpression::Shape)?;
    let all = || nodes(operands, depth);
    let one = || match &operands[..] {
        [operand] => node(operand, depth).map(Box::new),
        _ => Err(wrong()),
    };
    let two = || all()?.try_into().map(Box::new).map_err(|_| wrong());
    let three = || all()?.try_into().map(Box::new).map_err(|_| wrong());
    let compare = |comparison, sort| match operands.len() {
        2 | 3 => all().map(|nodes| Node::Compare(comparison, sort, nodes)),
        _ => Err(wrong()),
    };
    match name {
        "if" => three().map(Node::If),
        "reduce" => three().map(Node::Reduce),
        "and" if operands.len() < 2 => Err(wrong()),
        "and" => all().map(Node::And),
        "!" => one().map(Node::Not),
        "===" => two().map(Node::Equals),
        "in" => two().map(Node::In),
        "+" => two().map(Node::Plus),
        "<" => compare(Comparison::Less, Sort::Integers),
        "<=" => compare(Comparison::LessOrEqual, Sort::Integers),
        ">" => compare(Comparison::Greater, Sort::Integers),
        ">=" => compare(Comparison::GreaterOrEqual, Sort::Integers),
        "before" => compare(Comparison::Less, Sort::Times),
        "not-after" => compare(Comparison::LessOrEqual, Sort::Times),
        "after" => compare(Comparison::Greater, Sort::Times),
        "not-before" => compare(Comparison::GreaterOrEqual, Sort::Times),
        "dccDateOfBirth" => one().map(Node::BirthDate),
        "plusTime" => match &operands[..] {
            [date, amount, unit] => {
                let amount = amount.as_i64().ok_or_else(wrong)?;
                let unit = unit.as_str().and_then(Unit::named).ok_or_else(wrong)?;
                Ok(Node::PlusTime(Box::new(node(date, depth)?), amount, unit))
            }
            _ => Err(wrong()),
        },
        "extractFromUVCI" => match &operands[..] {
            [uci, index] => Ok(Node::FromUci(Box::new(node(uci, depth)?), index.as_i64().ok_or_else(wrong)?)),
            _ => Err(wrong()),
        },
        _ => Err(BadExpression::Operation(name.to_owned())),
    }
}

/// The steps of a path of names and indices with dots between.
fn path(text: &str) -> Result<Vec<String>, BadExpression> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let is_step = |step: &str| !step.is_empty() && !step.contains(char::is_control);
    match text.split('.').all(is_step) {
        true => Ok(text.split('.').map(str::to_owned).collect()),
        false => Err(BadExpression::Path(text.to_owned())),
    }
}

impl Unit {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "year" => Self::Year,
            "month" => Self::Month,
            "day" => Self::Day,
            "hour" => Self::Hour,
            _ => return None,
        })
    }
}
