import type { ReactElement } from 'react';
import { Focusable, Tooltip, TooltipTrigger } from 'react-aria-components';

/** A tooltip that names what a control does and its key. */
export function Tip({ text, keys, children }: { text: string; keys?: string; children: ReactElement }) {
  return (
    <TooltipTrigger delay={500} closeDelay={60}>
      <Focusable>{children as never}</Focusable>
      <Tooltip className="tip" offset={6}>{text}{keys && <kbd>{keys}</kbd>}</Tooltip>
    </TooltipTrigger>
  );
}
