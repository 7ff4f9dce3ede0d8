// Package ir is the graph that everything between import and code generation
// works on: SSA values with inferred types, nodes in topological order, regions
// for control flow with explicit captures.
//
// Operators have no versions: the importer upgrades each node to the newest
// form. What an operator means is in its [Op], a descriptor that package op
// fills in; ir knows how to call it, and no operator by name.
//
// Values are typed when a node is made. A node that can't be typed is an
// [*Error] with the node's name, its operator and its operands, and is not
// added. Nothing is changed by building: a [Builder] holds new nodes apart until
// they are committed.
//
// The package knows nothing of files, passes, kernels and programs.
package ir
