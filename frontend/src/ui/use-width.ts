import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

/** The width that an element has now, in pixels; 0 until it is known. */
export function useWidth<E extends Element>(): [RefObject<E | null>, number] {
  const place = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!place.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(place.current);
    setWidth(Math.floor(place.current.getBoundingClientRect().width));
    return () => observer.disconnect();
  }, []);
  return [place, width];
}
