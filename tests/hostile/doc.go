// Package hostile puts bad models and bad data through the whole line: whatever
// the input, the command ends with the right exit code and a message that names
// the place, without a panic, without memory that the input doesn't back, and
// without a file half-written.
package hostile
