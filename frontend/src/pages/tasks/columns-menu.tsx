import { type KeyboardEvent, useRef } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { Progress } from '../../ui/parts';
import type { TableColumn } from './columns';
import { inOrder, isShown, type Look, withMoved, withShown, withWidth } from './look';
import type { QuickFields } from './quick-fields';

interface MenuProps {
  table: readonly TableColumn[];
  look: Look;
  onLook: (part: Look) => void;
  quick: QuickFields;
  /** Whether the person may make fields quick, or slow again. */
  makes: boolean;
}

const STEP_PX = 24;
const USUAL_PX = 120;

/** Which columns are shown, in which order and how wide; and which data fields are quick. */
export function ColumnsMenu(props: MenuProps) {
  return (
    <DialogTrigger>
      <Button className="btn ghost wide">{t('Columns')}</Button>
      <Popover placement="bottom end" className="popover">
        <Dialog aria-label={t('Columns')} style={{ outline: 'none' }}>
          <ColumnList {...props} />
          {props.makes && <QuickList {...props} />}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function ColumnList({ table, look, onLook }: MenuProps) {
  const list = useRef<HTMLUListElement>(null);
  const rows = inOrder(table, look.order);
  const onKey = (event: KeyboardEvent, column: TableColumn) => {
    if (!event.altKey) return;
    const width = look.widths?.[column.wire] ?? USUAL_PX;
    const acts: Record<string, () => Look> = {
      ArrowUp: () => withMoved(table, look, column, -1), ArrowDown: () => withMoved(table, look, column, 1),
      ArrowLeft: () => withWidth(look, column, width - STEP_PX), ArrowRight: () => withWidth(look, column, width + STEP_PX),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    onLook(act());
  };
  return (
    <>
      <ul className="column-list" ref={list}>
        {rows.map((column, index) => (
          <li key={column.wire} onKeyDown={(event) => onKey(event, column)}>
            <label className="check"><input type="checkbox" checked={isShown(column, look)} disabled={column.isFixed} onChange={(event) => onLook(withShown(table, look, column, event.target.checked))} /><span className="cut">{column.title}</span></label>
            <button type="button" className="btn ghost icon small" aria-label={t('Move {title} up', { title: column.title })} disabled={index === 0} onClick={() => onLook(withMoved(table, look, column, -1))}><Icon name="up" /></button>
            <button type="button" className="btn ghost icon small" aria-label={t('Move {title} down', { title: column.title })} disabled={index === rows.length - 1} onClick={() => onLook(withMoved(table, look, column, 1))}><Icon name="down" /></button>
          </li>
        ))}
      </ul>
      <p className="muted small column-hint">{rich('<up>Alt ↑ ↓</up> moves, <side>Alt ← →</side> narrows and widens.', { up: (keys) => <kbd>{keys}</kbd>, side: (keys) => <kbd>{keys}</kbd> })} <button type="button" className="link" onClick={() => onLook({ hidden: undefined, order: undefined, widths: undefined })}>{t('As usual')}</button></p>
    </>
  );
}

/** The data fields that are quick, and those that are on their way. */
function QuickList({ quick }: MenuProps) {
  const { fields, progress, drop } = quick;
  const building = [...progress].filter(([path]) => !fields?.some((field) => field.path === path && field.state === 'ready'));
  if (!fields || (fields.length === 0 && building.length === 0)) return null;
  return (
    <section className="quick-list" aria-label={t('Quick fields')}>
      <h3>{t('Quick fields')}</h3>
      <ul className="column-list">
        {fields.filter((field) => field.state === 'ready' || !progress.has(field.path)).map((field) => (
          <li key={field.id}><span className="grow cut">{field.path}</span>{field.state === 'building' && <span className="muted">{t('being made')}</span>}
            <button type="button" className="btn ghost icon small" aria-label={t('Let {path} be slow again', { path: field.path })} title={t('Let it be slow again; this frees its room')} onClick={() => drop(field)}><Icon name="close" /></button>
          </li>
        ))}
        {building.map(([path, share]) => <li key={path}><span className="cut">{path}</span><span className="grow"><Progress share={share} name={t('Making {path} quick', { path })} /></span></li>)}
      </ul>
    </section>
  );
}
