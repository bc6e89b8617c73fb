import { bytes } from '../../ui/format';
import { Skeleton } from '../../ui/parts';
import { agoOf, momentOf } from '../experiments/when';
import type { Sizes } from './use-sizes';

/** An experiment or a run that lies deleted. */
export interface Line {
  /** Its place: of an experiment its id, of a run both ids. */
  of: string;
  name: string;
  /** An experiment's number of runs, a run's experiment. */
  within: string;
  deletedAt: number | null;
  deletedBy: string | null;
  user: string | null;
  run?: string;
}

interface TableProps {
  lines: readonly Line[];
  sizes: Sizes;
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
  mayRestore: (line: Line) => boolean;
}

/** What lies deleted, with when and how much it holds. */
export function DeletedTable({ lines, sizes, chosen, onChoose, mayRestore }: TableProps) {
  const choosable = lines.filter(mayRestore);
  const hasAll = choosable.length > 0 && choosable.every(({ of }) => chosen.has(of));
  const toggle = (of: string) => {
    const next = new Set(chosen);
    if (!next.delete(of)) next.add(of);
    onChoose(next);
  };
  return (
    <table className="table deleted-table">
      <thead>
        <tr>
          {choosable.length > 0 && <th className="tight"><label className="deleted-choose"><input type="checkbox" aria-label="Choose all" checked={hasAll} onChange={() => onChoose(hasAll ? new Set() : new Set(choosable.map(({ of }) => of)))} /></label></th>}
          <th>Deleted</th><th className="wide">Made by</th><th className="wide">Deleted by</th><th className="num">When</th><th className="num">Files</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.of}>
            {choosable.length > 0 && <td className="tight"><label className="deleted-choose"><input type="checkbox" aria-label={`Choose ${line.name}`} checked={chosen.has(line.of)} disabled={!mayRestore(line)} onChange={() => toggle(line.of)} /></label></td>}
            <td className="main">
              <span className="deleted-name"><b className="b cut">{line.name}</b><span className="muted small cut">{line.run ? `run of ${line.within}` : `experiment with ${line.within}`}</span></span>
            </td>
            <td className="two wide">{line.user ?? '–'}</td>
            <td className="two wide" title={line.deletedBy ? undefined : 'Nobody saw who did.'}>{line.deletedBy ?? '–'}</td>
            <td className="num muted" title={momentOf(line.deletedAt)}>{agoOf(line.deletedAt)}</td>
            <td className="num"><Size size={sizes.get(line.of)} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const Size = ({ size }: { size: number | null | undefined }) => {
  if (size === undefined) return <Skeleton width={42} />;
  return size === null ? <span className="muted" title="It holds so many files that counting them takes too long here.">many files</span> : <>{bytes(size)}</>;
};
