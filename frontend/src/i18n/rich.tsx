import { Fragment, type ReactNode } from 'react';
import { translated } from './words.ts';

type Part = ReactNode | ((words: ReactNode) => ReactNode);

/**
 * A sentence with elements in it: `<name>words</name>` goes to `parts.name(words)`, `{name}` is `parts.name`.
 * A translation may put them in another order; tags do not nest.
 */
export function rich(text: string, parts: Readonly<Record<string, Part>>): ReactNode {
  const pieces = translated(text).split(/(<(\w+)>.*?<\/\2>|\{\w+\})/g);
  return pieces.map((piece, index) => (index % 3 === 2 ? null : <Fragment key={index}>{index % 3 === 1 ? drawn(piece, parts) : piece}</Fragment>));
}

function drawn(piece: string, parts: Readonly<Record<string, Part>>): ReactNode {
  const tag = /^<(\w+)>(.*)<\/\1>$/.exec(piece);
  if (!tag) return shown(parts[piece.slice(1, -1)], null);
  const inside = (tag[2] ?? '').split(/(\{\w+\})/g).map((each) => (/^\{\w+\}$/.test(each) ? shown(parts[each.slice(1, -1)], null) : each));
  return shown(parts[tag[1] ?? ''], inside.length === 1 ? inside[0] : inside.map((each, index) => <Fragment key={index}>{each}</Fragment>));
}

const shown = (part: Part | undefined, words: ReactNode): ReactNode => (typeof part === 'function' ? part(words) : part);
