// Package draw lays small graphs out in layers, from the top to the bottom, for
// drawings: which layer a node is in, in what order those of a layer stand, where
// the edges run. The steps are those of Sugiyama, Tagawa and Toda, "Methods for
// visual understanding of hierarchical system structures" (1981): layers by the
// longest path, long edges cut into one piece a layer, order by barycentres.
//
// The package knows neither operators nor attention nor SVG.
package draw
