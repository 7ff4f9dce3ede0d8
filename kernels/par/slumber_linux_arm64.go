package par

// sysGetCPU is the number of getcpu, which package syscall does not name on every system.
const sysGetCPU = 168
