import { useEffect, useState } from 'react';

/** A value once it has rested: what is typed is asked of the server when somebody pauses, not at every key. */
export function useSettled<T>(value: T, rest_ms = 180): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), rest_ms);
    return () => clearTimeout(timer);
  }, [value, rest_ms]);
  return settled;
}
