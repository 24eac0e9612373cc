//! Conditions: what policy asks of a pass beyond its table, in CEL (the Common Expression Language).
//!
//! The crate that evaluates CEL has no limit of steps, so none is left to need one: an expression is short, shallow,
//! and made of operations alone that look at each of its parts at most once. Whatever repeats (`all`, `exists`,
//! `map`, `filter`) and whatever could grow is not taken. So an evaluation has no more steps than its text has
//! characters, whoever wrote it.

use cel::common::ast::{Expr, LiteralValue, operators};
use cel::parser::{Expression, Parser};
use cel::{Context, Value};

use crate::Condition;

/// Longest text of a condition, in bytes.
pub const LONGEST: usize = 512;

/// Deepest nesting.
const DEEPEST: u16 = 16;

/// Most parts of which it is made.
const MOST_PARTS: usize = 200;

/// What a condition may ask for, and what that is.
pub const VARIABLES: [(&str, &str); 14] = [
    ("kind", "number of the kind"),
    ("format", "\"MP1\", \"HC1\", \"link\", \"code\", \"card\", \"plate\", …"),
    ("issuer", "who has issued it: \"RU-TVE\""),
    ("route", "the route or zone that the pass names; empty: none"),
    ("regions", "numbers of the regions it is valid for; empty: all"),
    ("binds_plate", "whether the pass binds a plate"),
    ("hours_left", "whole hours until it ends, orders apart; unknown while the clock is in doubt"),
    ("hour", "hour of the day at the checkpoint, 0 to 23; unknown while the clock is in doubt"),
    ("minute", "minute of the hour; unknown while the clock is in doubt"),
    ("weekday", "1 is Monday, 7 is Sunday; unknown while the clock is in doubt"),
    ("plate", "the vehicle's plate as folded: \"A123BC77\"; unknown until it is read or typed"),
    ("plate_region", "the region's digits at its end: \"77\"; unknown until it is read or typed"),
    ("plate_source", "who has read it: \"officer\" or \"feed\"; unknown until it is read or typed"),
    ("direction", "the way of the lane: \"in\" or \"out\"; unknown where the box does not say"),
];

/// Operations that a condition may use, by the names CEL gives them.
const OPERATIONS: [&str; 20] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::ADD,
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::NEGATE,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    "size",
    "startsWith",
    "endsWith",
];

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCondition {
    /// Longer than [`LONGEST`].
    #[error("a condition has {LONGEST} bytes at most")]
    TooLong,
    /// Not CEL, or nested too deeply.
    #[error("not an expression: {0}")]
    Syntax(String),
    /// Made of too many parts.
    #[error("a condition has {MOST_PARTS} parts at most")]
    TooManyParts,
    /// An operation that is not taken: it repeats, or is not known.
    #[error("{0:?} is not among the operations of conditions")]
    Operation(String),
    /// A name that nothing has.
    #[error("nothing is called {0:?}")]
    Variable(String),
    /// It does not come to yes or no.
    #[error("it does not come to true or false: {0}")]
    NoAnswer(String),
}

/// What a condition is asked about; what is not known makes it unknown where it matters.
#[derive(Debug, Clone, Default)]
pub struct Subject<'s> {
    /// Number of the kind.
    pub kind: u16,
    /// Name of the format.
    pub format: &'s str,
    /// Who has issued it.
    pub issuer: &'s str,
    /// Route or zone; empty: none.
    pub route: &'s str,
    /// Regions it is valid for.
    pub regions: &'s [u64],
    /// Whether it binds a plate.
    pub binds_plate: bool,
    /// Whole hours until it ends.
    pub hours_left: Option<i64>,
    /// Hour, minute and weekday (1 is Monday) at the checkpoint, when the clock is sound.
    pub local: Option<(u8, u8, u8)>,
    /// The vehicle's plate, folded, and its region.
    pub plate: Option<(&'s str, Option<&'s str>)>,
    /// Whether a device has read it.
    pub by_feed: bool,
    /// The way of the lane: `in` or `out`.
    pub direction: Option<&'s str>,
}

/// A condition that is ready to be asked.
#[derive(Debug, Clone)]
pub struct Expected(Expression);

impl Expected {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`BadCondition`].
    pub fn parse(text: &str) -> Result<Self, BadCondition> {
        if text.len() > LONGEST {
            return Err(BadCondition::TooLong);
        }
        shallow(text)?;
        let parsed = Parser::new().max_recursion_depth(DEEPEST).error_recovery_limit(1).parse(text);
        let expression = parsed.map_err(|errors| {
            let first = errors.errors.first();
            BadCondition::Syntax(first.map_or_else(String::new, |error| format!("at {}: {}", error.pos.1, error.msg)))
        })?;
        let mut left = MOST_PARTS;
        check(&expression, &mut left)?;
        let expected = Self(expression);
        expected.comes_to_an_answer()?;
        Ok(expected)
    }

    /// What it says of a pass.
    pub fn of(&self, subject: &Subject<'_>) -> Condition {
        match self.value(subject) {
            Ok(Value::Bool(true)) => Condition::Holds,
            Ok(Value::Bool(false)) => Condition::Fails,
            Ok(_) | Err(_) => Condition::Unknown,
        }
    }

    fn value(&self, subject: &Subject<'_>) -> cel::ResolveResult {
        let mut context = Context::default();
        context.add_variable_from_value("kind", i64::from(subject.kind));
        context.add_variable_from_value("format", subject.format);
        context.add_variable_from_value("issuer", subject.issuer);
        context.add_variable_from_value("route", subject.route);
        let regions: Vec<Value> =
            subject.regions.iter().map(|region| Value::Int(i64::try_from(*region).unwrap_or(i64::MAX))).collect();
        context.add_variable_from_value("regions", regions);
        context.add_variable_from_value("binds_plate", subject.binds_plate);
        if let Some(hours) = subject.hours_left {
            context.add_variable_from_value("hours_left", hours);
        }
        if let Some((hour, minute, weekday)) = subject.local {
            context.add_variable_from_value("hour", i64::from(hour));
            context.add_variable_from_value("minute", i64::from(minute));
            context.add_variable_from_value("weekday", i64::from(weekday));
        }
        if let Some((plate, region)) = subject.plate {
            context.add_variable_from_value("plate", plate);
            context.add_variable_from_value("plate_source", if subject.by_feed { "feed" } else { "officer" });
            if let Some(region) = region {
                context.add_variable_from_value("plate_region", region);
            }
        }
        if let Some(direction) = subject.direction {
            context.add_variable_from_value("direction", direction);
        }
        Value::resolve(&self.0, &context)
    }

    /// Tries it on a few passes about which everything is known: what is of the wrong type shows here, and not at the
    /// checkpoint.
    fn comes_to_an_answer(&self) -> Result<(), BadCondition> {
        for (hour, weekday, format, plate, direction) in
            [(12, 3, "MP1", ("A123BC69", Some("69")), "in"), (3, 7, "code", ("M777MM77", Some("77")), "out")]
        {
            let subject = Subject {
                kind: 1,
                format,
                issuer: "RU-TVE",
                route: "",
                regions: &[69],
                binds_plate: true,
                hours_left: Some(24),
                local: Some((hour, 0, weekday)),
                plate: Some(plate),
                by_feed: false,
                direction: Some(direction),
            };
            match self.value(&subject) {
                Ok(Value::Bool(_)) => {}
                Ok(_) => return Err(BadCondition::NoAnswer("another value".to_owned())),
                Err(error) => return Err(BadCondition::NoAnswer(error.to_string())),
            }
        }
        Ok(())
    }
}

/// Whether its brackets nest no deeper than is taken, before the parser goes into them. Those within quotes count as
/// well: no condition needs many.
fn shallow(text: &str) -> Result<(), BadCondition> {
    let mut open = 0_u16;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > DEEPEST {
            return Err(BadCondition::Syntax(format!("brackets nest deeper than {DEEPEST}")));
        }
    }
    Ok(())
}

fn check(expression: &Expression, left: &mut usize) -> Result<(), BadCondition> {
    *left = left.checked_sub(1).ok_or(BadCondition::TooManyParts)?;
    match &expression.expr {
        Expr::Ident(name) if VARIABLES.iter().any(|(known, _)| known == name) => Ok(()),
        Expr::Ident(name) => Err(BadCondition::Variable(name.clone())),
        Expr::Literal(LiteralValue::Bytes(_)) => Err(BadCondition::Operation("bytes".to_owned())),
        Expr::Literal(_) => Ok(()),
        Expr::List(list) if list.optional_indices.is_empty() => {
            list.elements.iter().try_for_each(|element| check(element, left))
        }
        Expr::Call(call) if OPERATIONS.contains(&call.func_name.as_str()) => {
            let parts = call.target.iter().map(|target| &**target).chain(&call.args);
            parts.into_iter().try_for_each(|part| check(part, left))
        }
        Expr::Call(call) => Err(BadCondition::Operation(call.func_name.clone())),
        Expr::Comprehension(_) => Err(BadCondition::Operation("all, exists, map, filter".to_owned())),
        Expr::Select(select) => Err(BadCondition::Variable(select.field.clone())),
        Expr::List(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
            Err(BadCondition::Operation("{}".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests;
