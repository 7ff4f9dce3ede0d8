// Package report writes what was measured: as text while it goes on, as the
// tables of docs/performance.md, and as JSON with all times.
package report
