import { type RefObject, useEffect, useRef, useState } from 'react';

export type Draw = (pen: CanvasRenderingContext2D, width: number, height: number) => void;

/** A canvas that is drawn anew when its size, the theme or `draw` changes. `draw` gets CSS pixels. */
export function useCanvas(width: number, height: number, draw: Draw): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeTurn();
  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext('2d');
    if (!element || !pen || width <= 0) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    draw(pen, width, height);
  }, [width, height, draw, theme]);
  return canvas;
}

/** Counts how often the theme changed. */
function useThemeTurn(): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const observer = new MutationObserver(() => setTurn((now) => now + 1));
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
  }, []);
  return turn;
}
