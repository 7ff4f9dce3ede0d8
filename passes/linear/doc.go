// Package linear takes fused products apart, puts them together and makes them:
// what the passes that fuse products have in common.
//
// The package knows the node and the catalog's answer, not the patterns.
package linear
