// Package codegen turns a graph into a [Program]: steps that name kernels and
// slots, in order. A program is data only; package host runs it, packages gosrc
// and cudasrc print it.
//
// [Lower] chooses a kernel for every node, makes contents that are arithmetic on
// dims (the targets of Reshape, the bounds of Slice) into slots filled from the
// symbols, so that the chains of Shape, Gather and Concat that computed them
// vanish, makes reshapes views of the memory they rename, and gives every slot a
// lifetime. Where memory lies is not decided here: that needs the sizes.
//
// The package knows no kernel but by its row in the catalog, and nothing of how
// programs are run or printed.
package codegen
