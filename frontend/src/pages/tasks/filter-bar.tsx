import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { Project } from '../../api/types';
import { useKeys } from '../../app/keys';
import { rich } from '../../i18n/rich';
import { plural, t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { Progress } from '../../ui/parts';
import { sameAsked } from './asked';
import type { TableColumn } from './columns';
import { ColumnsMenu } from './columns-menu';
import { FilterChips } from './filter-chips';
import { type Look, MOST_ACROSS } from './look';
import { type QuickFields, useQuickFields } from './quick-fields';
import type { Asking } from './use-asking';
import type { Offered } from './value-input';
import { ViewActs, ViewMenu } from './view-acts';
import { type Usual, ViewTabs } from './view-tabs';

export interface BarProps {
  project: Project;
  asking: Asking;
  usual: readonly Usual[];
  offered: Offered;
  table: readonly TableColumn[];
  look: Look;
  onLook: (part: Look) => void;
  isLookChanged: boolean;
  onForgetLook: () => void;
  total: number | undefined;
  isRefused: boolean;
  isSlow: boolean;
  makes: boolean;
}

const SORTS: ReadonlyArray<readonly [sort: string, words: string]> = [
  ['tasks:id', t('In order')], ['-tasks:id', t('Newest first')], ['-tasks:updated_at', t('Last changed first')], ['-tasks:completed_at', t('Last labelled first')],
  ['tasks:predictions_score', t('Unsure first')], ['-tasks:total_annotations', t('Most annotations first')],
];

/** Which tasks are shown, as a sentence, and how. */
export function FilterBar(bar: BarProps) {
  const { project, asking, usual, look, onLook, table } = bar;
  const { asked, view, ask } = asking;
  const quick = useQuickFields(project.id, bar.makes);
  const told = !view && usual.find((each) => each.asked.filters.length > 0 && sameAsked(each.asked, asked));
  const isGrid = look.layout === 'grid';
  const turn = () => onLook({ layout: isGrid ? 'rows' : 'grid' });
  useKeys({ g: turn });
  return (
    <div className="tools" role="toolbar" aria-label={t('Which tasks are shown')}>
      <ViewTabs project={project} asking={asking} usual={usual} isLookChanged={bar.isLookChanged} />
      <ViewMenu project={project.id} asking={asking} look={look} makes={bar.makes} />
      <FilterChips project={project.id} asking={asking} filters={told ? [] : asked.filters} offered={bar.offered} isRefused={bar.isRefused} />
      {bar.makes && <QuickOffer bar={bar} quick={quick} />}
      <ViewActs project={project.id} asking={asking} look={look} isLookChanged={bar.isLookChanged} onForgetLook={bar.onForgetLook} makes={bar.makes} />
      <div className="row bar-end">
        <span className="muted wide" role="status">{bar.total === undefined ? '' : plural(bar.total, '{n} task', '{n} tasks')}</span>
        {isGrid
          ? <Density across={look.across} onAcross={(across) => onLook({ across })} />
          : <ColumnsMenu table={table} look={look} onLook={onLook} quick={quick} makes={bar.makes} />}
        <SortMenu sort={asked.sort} table={table} onSort={(sort) => ask({ ...asked, sort })} />
        <span className="seg wide" role="group" aria-label={t('Layout')}>
          {(['rows', 'grid'] as const).map((each) => <button key={each} type="button" className={isGrid === (each === 'grid') ? 'on' : ''} aria-pressed={isGrid === (each === 'grid')} title={isGrid === (each === 'grid') ? undefined : 'G'} onClick={() => onLook({ layout: each })}>{each === 'rows' ? t('Rows') : t('Grid')}</button>)}
        </span>
        <button type="button" className="btn ghost icon slim" aria-label={isGrid ? t('Rows') : t('Grid')} onClick={turn}><Icon name={isGrid ? 'rows' : 'grid'} /></button>
      </div>
    </div>
  );
}

const Density = ({ across, onAcross }: { across: number | undefined; onAcross: (across: number) => void }) => (
  <label className="row wide density"><span className="muted">{t('Size')}</span>
    <input type="range" min={2} max={MOST_ACROSS} step={1} value={MOST_ACROSS + 2 - (across ?? 6)} aria-label={t('Size of the pictures')} aria-valuetext={t('{n} side by side', { n: across ?? 6 })} onChange={(event) => onAcross(MOST_ACROSS + 2 - Number(event.target.value))} />
  </label>
);

const MANY = 20_000;

/** A filter or order by a data field of very many tasks is slow until the field is made quick: one press. */
function QuickOffer({ bar, quick }: { bar: BarProps; quick: QuickFields }) {
  const { asked } = bar.asking;
  const used = [...asked.filters.map((filter) => filter.column), ...(asked.sort ? [asked.sort.replace(/^-?tasks:/, '')] : [])];
  const paths = [...new Set(used.filter((column) => column.startsWith('data.')).map((column) => column.slice('data.'.length)))];
  const isDue = (bar.project.task_number ?? 0) > MANY || bar.isSlow;
  if (!quick.fields) return null;
  return (
    <>
      {paths.map((path) => {
        if (quick.progress.has(path)) return <span key={path} className="chip quick-chip"><span>{rich('Making <b>{path}</b> quick', { path, b: (words) => <b>{words}</b> })}</span><span className="quick-bar"><Progress share={quick.progress.get(path)} name={t('Making {path} quick', { path })} /></span></span>;
        if (!isDue || quick.fields?.some((field) => field.path === path)) return null;
        return <button key={path} type="button" className="chip dash" title={t('Keeps “{path}” sorted on the server, so that filters and orders by it answer at once', { path })} onClick={() => quick.make(path)}><Icon name="clock" size={13} />{rich('Make <b>{path}</b> quick', { path, b: (words) => <b>{words}</b> })}</button>;
      })}
    </>
  );
}

function SortMenu({ sort, table, onSort }: { sort: string | undefined; table: readonly TableColumn[]; onSort: (sort: string | undefined) => void }) {
  const now = sort ?? 'tasks:id';
  const known = SORTS.find(([each]) => each === now)?.[1];
  const column = table.find((each) => each.sort === now.replace(/^-/, ''));
  const words = known ?? `${column?.title ?? t('Sorted')} ${now.startsWith('-') ? '↓' : '↑'}`;
  return (
    <MenuTrigger>
      <Button className="btn ghost wide" aria-label={t('Order: {words}', { words })}>{words}</Button>
      <Popover placement="bottom end" className="menu">
        <Menu aria-label={t('Order')} style={{ outline: 'none' }} selectionMode="single" selectedKeys={[now]} onAction={(key) => onSort(key === 'tasks:id' ? undefined : String(key))}>
          {SORTS.map(([each, text]) => <MenuItem key={each} id={each} textValue={text}>{({ isSelected }) => <><span className="tick">{isSelected && <Icon name="check" />}</span>{text}</>}</MenuItem>)}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
