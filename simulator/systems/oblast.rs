//! Moscow and its oblast: each reads the other's passes, within what the other may issue.
