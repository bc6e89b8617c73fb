import { useQuery } from '@tanstack/react-query';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { taskCountQuery } from '../../api/tasks';
import type { Column, View } from '../../api/types';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { AddFilter } from './add-filter';
import type { TableColumn } from './columns';
import type { Layout } from './use-shown-columns';
import { type Filter, fromItem, sentenceOf, toItem, writeWhere } from './filters';

interface BarProps {
  project: number;
  filters: readonly Filter[];
  sort: string | undefined;
  columns: readonly Column[];
  labels: readonly string[];
  views: readonly View[];
  table: readonly TableColumn[];
  shown: ReadonlySet<string>;
  total: number | undefined;
  layout: Layout;
  onLayout: (layout: Layout) => void;
  onFilters: (filters: readonly Filter[], sort?: string) => void;
  onSort: (sort: string | undefined) => void;
  onShown: (shown: ReadonlySet<string>) => void;
  keepsViews: boolean;
  onSaveView: () => void;
  onDeleteView: (view: View) => void;
}

/** The usual selections; a saved view stands beside them. */
const USUAL: ReadonlyArray<readonly [name: string, filters: readonly Filter[]]> = [
  ['All', []],
  ['To label', [{ column: 'completed_at', operator: 'empty', value: 'true' }]],
  ['Labelled', [{ column: 'completed_at', operator: 'empty', value: 'false' }]],
];

const SORTS: ReadonlyArray<readonly [sort: string, words: string]> = [
  ['tasks:id', 'In order'], ['-tasks:id', 'Newest first'], ['-tasks:updated_at', 'Last changed first'], ['-tasks:completed_at', 'Last labelled first'],
  ['tasks:predictions_score', 'Unsure first'], ['-tasks:total_annotations', 'Most annotations first'],
];

const same = (a: readonly Filter[], b: readonly Filter[]): boolean => writeWhere(a) === writeWhere(b);
const filtersOf = (view: View): Filter[] => (view.data.filters?.items ?? []).map(fromItem);

/** The filters as a sentence, and what else shapes the table. */
export function FilterBar(bar: BarProps) {
  const view = bar.views.find((each) => same(filtersOf(each), bar.filters) && (each.data.ordering?.[0] ?? undefined) === bar.sort);
  const usual = USUAL.find(([, filters]) => filters.length > 0 && same(filters, bar.filters));
  const chips = usual ? [] : bar.filters;
  return (
    <div className="tools" role="toolbar" aria-label="Which tasks are shown">
      <div className="seg" role="group" aria-label="Selections">
        {USUAL.map(([name, filters]) => <Choice key={name} bar={bar} name={name} filters={filters} on={same(filters, bar.filters) && !view} />)}
        {bar.views.map((each) => <Choice key={each.id} bar={bar} name={each.data.title || `View ${each.id}`} filters={filtersOf(each)} sort={each.data.ordering?.[0]} on={each === view} />)}
      </div>
      {chips.map((filter, index) => <Chip key={`${index} ${filter.column}`} filter={filter} columns={bar.columns} onRemove={() => bar.onFilters(bar.filters.filter((each) => each !== filter))} />)}
      <AddFilter columns={bar.columns} labels={bar.labels} onAdd={(filter) => bar.onFilters([...(usual ? usual[1] : bar.filters), filter])} />
      {bar.keepsViews && bar.filters.length > 0 && !usual && !view && <button type="button" className="btn ghost small wide" onClick={bar.onSaveView}>Save this view</button>}
      {bar.keepsViews && view && <button type="button" className="btn ghost small wide" onClick={() => bar.onDeleteView(view)}>Delete this view</button>}
      <span className="grow" />
      <span className="muted wide" role="status">{bar.total === undefined ? '' : counted(bar.total, 'task')}</span>
      {bar.layout === 'rows' && <ColumnsMenu table={bar.table} shown={bar.shown} onShown={bar.onShown} />}
      <SortMenu sort={bar.sort} table={bar.table} onSort={bar.onSort} />
      <span className="seg wide" role="group" aria-label="Layout">
        {(['rows', 'grid'] as const).map((each) => <button key={each} type="button" className={bar.layout === each ? 'on' : ''} aria-pressed={bar.layout === each} onClick={() => bar.onLayout(each)}>{each === 'rows' ? 'Rows' : 'Grid'}</button>)}
      </span>
    </div>
  );
}

function Choice({ bar, name, filters, sort, on }: { bar: BarProps; name: string; filters: readonly Filter[]; sort?: string | undefined; on: boolean }) {
  const total = useQuery(taskCountQuery(bar.project, { items: filters.map((filter) => toItem(filter, bar.columns)), ordering: [] }));
  return (
    <button type="button" className={on ? 'on' : ''} aria-pressed={on} onClick={() => bar.onFilters(filters, sort)}>
      {name} <span className="muted">{total.data === undefined ? '' : count(total.data)}</span>
    </button>
  );
}

function Chip({ filter, columns, onRemove }: { filter: Filter; columns: readonly Column[]; onRemove: () => void }) {
  const [subject, verb, object] = sentenceOf(filter, columns);
  return (
    <span className="chip"><b>{subject}</b> <span className="cut">{verb} {object}</span>
      <button type="button" className="x" aria-label={`Remove the filter ${subject} ${verb} ${object}`} onClick={onRemove}><Icon name="close" /></button>
    </span>
  );
}

const ColumnsMenu = ({ table, shown, onShown }: { table: readonly TableColumn[]; shown: ReadonlySet<string>; onShown: (shown: ReadonlySet<string>) => void }) => (
  <MenuTrigger>
    <Button className="btn ghost wide">Columns</Button>
    <Popover placement="bottom end" className="menu">
      <Menu aria-label="Columns" style={{ outline: 'none' }} selectionMode="multiple" selectedKeys={shown} onSelectionChange={(keys) => onShown(keys === 'all' ? new Set(table.map((each) => each.id)) : new Set([...keys].map(String)))}>
        {table.filter((column) => column.id !== 'id').map((column) => (
          <MenuItem key={column.id} id={column.id} textValue={column.title}>{({ isSelected }) => <><span className="tick">{isSelected && <Icon name="check" />}</span>{column.title}</>}</MenuItem>
        ))}
      </Menu>
    </Popover>
  </MenuTrigger>
);

function SortMenu({ sort, table, onSort }: { sort: string | undefined; table: readonly TableColumn[]; onSort: (sort: string | undefined) => void }) {
  const now = sort ?? 'tasks:id';
  const known = SORTS.find(([each]) => each === now)?.[1];
  const column = table.find((each) => each.sort === now.replace(/^-/, ''));
  const words = known ?? `${column?.title ?? 'Sorted'} ${now.startsWith('-') ? '↓' : '↑'}`;
  return (
    <MenuTrigger>
      <Button className="btn ghost wide" aria-label={`Order: ${words}`}>{words}</Button>
      <Popover placement="bottom end" className="menu">
        <Menu aria-label="Order" style={{ outline: 'none' }} selectionMode="single" selectedKeys={[now]} onAction={(key) => onSort(key === 'tasks:id' ? undefined : String(key))}>
          {SORTS.map(([each, text]) => <MenuItem key={each} id={each} textValue={text}>{({ isSelected }) => <><span className="tick">{isSelected && <Icon name="check" />}</span>{text}</>}</MenuItem>)}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
