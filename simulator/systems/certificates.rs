//! Certificates of vaccination and recovery: by signature, and gosuslugi's links by register.
