graph "regions" {
  input %0 "cond" : bool[]
  input %1 "x" : f32[n,2]
  input %2 "trips" : i64[]
  const %3 "big" : f32[66] = base64 "AAAAAAAAgD8AAABAAABAQAAAgEAAAKBAAADAQAAA4EAAAABBAAAQQQAAIEEAADBBAABAQQAAUEEAAGBBAABwQQAAgEEAAIhBAACQQQAAmEEAAKBBAACoQQAAsEEAALhBAADAQQAAyEEAANBBAADYQQAA4EEAAOhBAADwQQAA+EEAAABCAAAEQgAACEIAAAxCAAAQQgAAFEIAABhCAAAcQgAAIEIAACRCAAAoQgAALEIAADBCAAA0QgAAOEIAADxCAABAQgAAREIAAEhCAABMQgAAUEIAAFRCAABYQgAAXEIAAGBCAABkQgAAaEIAAGxCAABwQgAAdEIAAHhCAAB8QgAAgEIAAIJC"
  %4 "y" = Neg(%3) : f32[66]
  %20 "out" = If(%0) : f32[n,2] @"/If" region "then" {
    capture %5 "x" : f32[n,2] = %1
    capture %6 "cond" : bool[] = %0
    %7 = If(%6) : f32[n,2] region "inner then" {
      capture %8 "x" : f32[n,2] = %5
      const %9 "big again" : f32[66] = %3
      %10 = Exp(%9) : f32[66]
      %11 = Abs(%8) : f32[n,2]
      output %11
    } region {
      capture %12 : f32[n,2] = %5
      output %12
    }
    output %7
  } region "else" {
    capture %13 "x" : f32[n,2] = %1
    %14 = Relu(%13) : f32[n,2]
    output %14
  }
  const %21 : bool[] = true
  %22 "last", %23 "all" = Loop(%2, %21, %20) : f32[n,2], f32[u23_0,n,2] region "body" {
    input %24 "i" : i64[]
    input %25 "go on" : bool[]
    input %26 "state" : f32[n,2]
    capture %27 "x" : f32[n,2] = %1
    %28 = Add(%26, %27) : f32[n,2]
    output %25 "go on"
    output %28
    output %28
  }
  output %22 "last"
  output %23 "all"
}
