import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { ApiError } from '../../api/client';
import { taskCountQuery } from '../../api/tasks';
import { useKeys } from '../../app/keys';
import { nameOf } from '../../api/session';
import { t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { FilterForm } from './filter-form';
import { type Filter, sentenceOf, toItem } from './filters';
import type { Asking } from './use-asking';
import type { Offered } from './value-input';

interface ChipsProps {
  project: number;
  asking: Asking;
  /** Those that are not told by the name of a selection already. */
  filters: readonly Filter[];
  offered: Offered;
  /** Whether the server refused the question; then each filter is asked for alone, to find which is wrong. */
  isRefused: boolean;
}

/** The filters as a sentence; a press on one changes it. */
export function FilterChips({ project, asking, filters, offered, isRefused }: ChipsProps) {
  const { asked, ask } = asking;
  const wrong = useWrongFilters(project, asking, filters, isRefused);
  const put = (old: Filter, next: Filter | undefined) => ask({ ...asked, filters: asked.filters.flatMap((each) => (each === old ? (next ? [next] : []) : [each])) });
  const turn = () => ask({ ...asked, match: asked.match === 'and' ? 'or' : 'and' });
  return (
    <>
      {filters.map((filter, index) => (
        <span key={`${index} ${filter.column}`} className="row chip-part">
          {index > 0 && <button type="button" className="joint" aria-label={asked.match === 'and' ? t('and: press for or') : t('or: press for and')} title={asked.match === 'and' ? t('Tasks must fit all of these') : t('Tasks must fit any of these')} onClick={turn}>{asked.match === 'and' ? t('and') : t('or')}</button>}
          <Chip filter={filter} asking={asking} offered={offered} wrong={wrong[index]} onChange={(next) => put(filter, next)} />
        </span>
      ))}
      <AddFilter asking={asking} offered={offered} onAdd={(filter) => ask({ ...asked, filters: [...asked.filters, filter] })} />
    </>
  );
}

interface ChipProps {
  filter: Filter;
  asking: Asking;
  offered: Offered;
  wrong: string | undefined;
  onChange: (filter: Filter | undefined) => void;
}

function Chip({ filter, asking, offered, wrong, onChange }: ChipProps) {
  const [open, setOpen] = useState(false);
  const names = new Map(offered.people.map((person) => [person.id, nameOf(person)]));
  const [subject, verb, object] = sentenceOf(filter, asking.columns, (id) => names.get(id) ?? t('person {id}', { id }));
  return (
    <span className={`chip${wrong ? ' wrong-chip' : ''}`}>
      <DialogTrigger isOpen={open} onOpenChange={setOpen}>
        <Button className="chip-text" aria-label={t('Change the filter {subject} {verb} {object}', { subject, verb, object })}>{wrong && <Icon name="warn" size={13} />}<b>{subject}</b> <span className="cut">{verb} {object}</span></Button>
        <Popover placement="bottom start" className="popover">
          <Dialog aria-label={t('Change a filter')} style={{ outline: 'none' }}>
            <FilterForm columns={asking.columns} offered={offered} filter={filter} wrong={wrong} onDone={(next) => { setOpen(false); onChange(next); }} />
          </Dialog>
        </Popover>
      </DialogTrigger>
      <button type="button" className="x" aria-label={t('Remove the filter {subject} {verb} {object}', { subject, verb, object })} onClick={() => onChange(undefined)}><Icon name="close" /></button>
      {wrong && <span className="chip-wrong" role="alert">{wrong}</span>}
    </span>
  );
}

/** "+ Filter": a column, how it compares, and with what. */
function AddFilter({ asking, offered, onAdd }: { asking: Asking; offered: Offered; onAdd: (filter: Filter) => void }) {
  const [open, setOpen] = useState(false);
  useKeys({ f: () => setOpen(true) });
  return (
    <DialogTrigger isOpen={open} onOpenChange={setOpen}>
      <Button className="chip dash">{t('+ Filter')}</Button>
      <Popover placement="bottom start" className="popover">
        <Dialog aria-label={t('Add a filter')} style={{ outline: 'none' }}>
          <FilterForm columns={asking.columns} offered={offered} onDone={(filter) => { setOpen(false); onAdd(filter); }} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

/** What the server has against each filter, in its own words; undefined for those that it takes. */
function useWrongFilters(project: number, { columns }: Asking, filters: readonly Filter[], isRefused: boolean): Array<string | undefined> {
  const answers = useQueries({
    queries: filters.map((filter) => ({ ...taskCountQuery(project, { items: [toItem(filter, columns)], ordering: [] }), enabled: isRefused })),
  });
  return answers.map(({ error }) => (isRefused && error instanceof ApiError && error.status === 400 ? error.message : undefined));
}
