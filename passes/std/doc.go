// Package std holds the passes of the compiler in their order, with the reasons
// for it, and reads the selections that users make among them.
package std
