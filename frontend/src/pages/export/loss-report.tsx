import { address } from '../../api/addresses';
import { isRecord } from '../../api/client';
import { count, counted } from '../../ui/format';
import { Notice } from '../../ui/parts';

/** What an export's format could not carry, by reason, with the list of each; nothing where it carried everything. */
export function LossReport({ result }: { result: object }) {
  const { total, reasons, url } = lossesOf(result);
  if (total === 0) return null;
  return (
    <Notice tone="warn">
      <b>{counted(total, 'thing')} did not fit this format.</b>{url && <> <a className="link" href={address(url)} download>Download the list, task by task</a></>}
      <ul className="losses">{reasons.map(([reason, times]) => <li key={reason}><b>{count(times)}</b><span>{reason}</span></li>)}</ul>
    </Notice>
  );
}

/** The counts of an export's result, most first. */
export function lossesOf(result: object): { total: number; reasons: ReadonlyArray<readonly [reason: string, times: number]>; url: string | null } {
  const body = isRecord(result) ? result : {};
  const pairs = isRecord(body['left_out']) ? Object.entries(body['left_out']).filter((each): each is [string, number] => typeof each[1] === 'number') : [];
  const reasons = pairs.sort((a, b) => b[1] - a[1]);
  const total = typeof body['loss_count'] === 'number' ? body['loss_count'] : reasons.reduce((sum, [, times]) => sum + times, 0);
  return { total, reasons, url: typeof body['report_url'] === 'string' ? body['report_url'] : null };
}
