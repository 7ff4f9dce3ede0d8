// Package upgrade converts every fixture to Parallax attention, and checks that it
// computes what it did, that the file reads back as what was written, and that
// trained weights get where they belong.
package upgrade
