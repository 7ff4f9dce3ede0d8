// Package page opens the pages that explain --html writes in headless Chromium:
// nothing is asked of the network, nothing complains, every anchor has its
// drawing, and all text fits, in light and in dark, on wide and narrow screens.
package page
