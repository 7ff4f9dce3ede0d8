// Package rewrite changes graphs by patches. A [Rule] looks at a node and, once
// the whole match is certain, returns a [Patch]: new nodes in a builder, which
// values they replace, and which nodes they cover. Nothing is changed until
// [Commit] has found the patch legal:
//
//   - the new nodes can be placed so that definitions stay before uses;
//   - each new value has the type of the old one, or a more precise one;
//   - the outputs of the graph stay values of their own and keep their names.
//
// A covered node whose value is also read elsewhere, and not replaced, stays;
// the others go. Names move to the replacements, and the sources of the covered
// nodes are added to the new ones, so that every node can be traced to the file.
//
// [Run] applies rules to a graph and its regions until none applies any more.
//
// The package knows no operator.
package rewrite
