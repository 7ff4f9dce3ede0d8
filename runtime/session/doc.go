// Package session runs programs by the names of their inputs and outputs: it
// checks what the caller gives, binds it by name, and hands it to package rt.
//
// It knows neither files nor graphs nor kernels.
package session
