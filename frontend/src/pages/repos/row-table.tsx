/** Rows of a file under the names of their columns. */
export const RowTable = ({ head, rows }: { head: readonly string[]; rows: ReadonlyArray<readonly string[]> }) => (
  <div className="csv" role="region" aria-label="Rows" tabIndex={0}>
    <table>
      <thead><tr>{head.map((name, at) => <th key={at}>{name}</th>)}</tr></thead>
      <tbody>{rows.map((row, at) => <tr key={at}>{head.map((_, column) => <td key={column} title={row[column]}>{row[column] ?? ''}</td>)}</tr>)}</tbody>
    </table>
  </div>
);
