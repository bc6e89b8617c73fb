import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pointers, type PointerSink } from './pointers';

let element: HTMLElement;
let seen: string[];
let gone: AbortController;
let pans: boolean;

beforeEach(() => {
  element = document.createElement('div');
  document.body.append(element);
  seen = [];
  pans = false;
  gone = new AbortController();
  const sink: PointerSink = {
    pans: () => pans,
    press: (_, at, isDouble) => seen.push(`press ${at.x},${at.y}${isDouble ? ' double' : ''}`),
    drag: (_, at) => seen.push(`drag ${at.x},${at.y}`),
    release: (_, at) => seen.push(`release ${at.x},${at.y}`),
    hover: (_, at) => seen.push(`hover ${at.x},${at.y}`),
    leave: () => seen.push('leave'),
    abandon: () => seen.push('abandon'),
    pan: (dx, dy) => seen.push(`pan ${dx},${dy}`),
    panClick: () => seen.push('click'),
    pinchStart: (at) => seen.push(`two at ${at.x},${at.y}`),
    pinch: (factor, at) => seen.push(`pinch ${factor} at ${at.x},${at.y}`),
  };
  new Pointers(element, sink, gone.signal);
});

afterEach(() => {
  gone.abort();
  element.remove();
});

function send(type: string, x: number, y: number, rest: PointerEventInit = {}): void {
  element.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, pointerType: 'mouse', button: 0, ...rest }));
}

const finger = (pointerId: number): PointerEventInit => ({ pointerId, pointerType: 'touch' });

describe('pointers', () => {
  it('hover, press, drag and release', () => {
    send('pointermove', 1, 1);
    send('pointerdown', 2, 2);
    send('pointermove', 3, 3);
    send('pointerup', 4, 4);
    send('pointermove', 5, 5);
    expect(seen).toEqual(['hover 1,1', 'press 2,2', 'drag 3,3', 'release 4,4', 'hover 5,5']);
  });

  it('tell the second of two quick presses on one spot', () => {
    for (let press = 0; press < 3; press++) {
      send('pointerdown', 10, 10);
      send('pointerup', 10, 10);
    }
    expect(seen.filter((word) => word.startsWith('press'))).toEqual(['press 10,10', 'press 10,10 double', 'press 10,10']);
  });

  it('do not press with the right button', () => {
    send('pointerdown', 2, 2, { button: 2 });
    expect(seen).toEqual([]);
  });

  it('pan when asked to, and say when it was only a click', () => {
    pans = true;
    send('pointerdown', 0, 0);
    send('pointermove', 10, 0);
    send('pointermove', 12, 5);
    send('pointerup', 12, 5);
    send('pointerdown', 0, 0);
    send('pointerup', 1, 0);
    expect(seen).toEqual(['pan 10,0', 'pan 2,5', 'click']);
  });

  it('give a press up when the system takes the pointer away', () => {
    send('pointerdown', 0, 0, finger(7));
    send('pointercancel', 0, 0, finger(7));
    send('pointerdown', 5, 5, finger(8));
    expect(seen).toEqual(['press 0,0', 'abandon', 'press 5,5']);
  });

  it('make a pinch of two fingers and nothing of the one that stays', () => {
    send('pointerdown', 0, 0, finger(1));
    send('pointerdown', 100, 0, finger(2));
    send('pointermove', 200, 0, finger(2));
    send('pointerup', 200, 0, finger(2));
    send('pointermove', 50, 50, finger(1));
    send('pointerup', 50, 50, finger(1));
    send('pointerdown', 9, 9, finger(3));
    expect(seen).toEqual(['press 0,0', 'abandon', 'two at 50,0', 'pinch 2 at 100,0', 'press 9,9']);
  });
});
