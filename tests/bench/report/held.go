package report

// held says, by the title of a row that is not reached, what holds it back.
var held = map[string]string{}
