// Package rt is the small runtime that in-process execution and generated
// programs share.
//
// A [Spec] describes a program as data: numbers bound from the shapes of the
// inputs, slots, ports, and a function that runs its steps. A [Model] is a spec
// with its constants; it runs many times at once, each run in a [Frame] of its
// own, which holds the memory of the slots. A [State] keeps inputs that a run
// takes from the run before: KV caches.
//
// Sizes reach the package as functions over the numbers, so that it needs no
// symbolic arithmetic: compiled from expressions in process, printed as Go in
// generated programs.
//
// The package knows no graph, no operator and no kernel but If, Loop and Scan.
package rt
