import { t } from '../../i18n/words.ts';
import { Dialog } from './dialog.tsx';
import { blocksOf, type Block, type Inline } from './instruction-text.ts';

/** What the project's people want annotators to know before they begin. */
export function Instructions({ text, onClose }: { text: string; onClose: () => void }) {
  return (
    <Dialog
      title={t('Instructions')}
      onClose={onClose}
      foot={<button type="button" className="btn primary" data-focus="" onClick={onClose}>{t('Start labelling')}</button>}
    >
      <div className="instructions" data-testid="instructions">{blocksOf(text).map((block, index) => <BlockView key={index} block={block} />)}</div>
    </Dialog>
  );
}

function BlockView({ block }: { block: Block }) {
  const inside = block.inlines.map((inline, index) => <InlineView key={index} inline={inline} />);
  if (block.kind === 'heading') return <h3>{inside}</h3>;
  if (block.kind === 'item') return <p className="item">{inside}</p>;
  return <p>{inside}</p>;
}

function InlineView({ inline }: { inline: Inline }) {
  if (inline.href) return <a className="link" href={inline.href} target="_blank" rel="noreferrer">{inline.text}</a>;
  if (inline.isBold) return <b>{inline.text}</b>;
  if (inline.isItalic) return <em>{inline.text}</em>;
  return inline.text;
}
