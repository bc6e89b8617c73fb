import { Dialog } from '../ui/dialog';
import { MOD } from './keys';
import { useOverlay } from './overlay';

const SHEET: Array<[string, Array<[keys: string, what: string]>]> = [
  ['Everywhere', [[`${MOD} K`, 'Find anything, do anything'], ['?', 'This list'], ['Esc', 'Close what is open'], ['N', 'New project'], [`${MOD} Z`, 'Take back what a message just said']]],
  ['Among the members', [['I', 'Invite somebody']]],
  ['In a project', [['L', 'Label the next task'], ['I', 'Import'], ['E', 'Export']]],
  ['On a project’s learning page', [['T', 'Train'], ['P', 'Predict the tasks that lack a prediction']]],
  ['In the task table', [
    ['↑ ↓', 'Move'], ['PgUp PgDn', 'Move a page'], ['Home End', 'First and last task'], ['X', 'Select or let go'], ['Space', 'Look at the task beside the table'],
    ['Shift ↑ ↓', 'Extend the selection'], [`${MOD} A`, 'Select all'], ['Enter', 'Open the task'], ['Del', 'Delete the selected tasks'], ['F', 'Add a filter'], ['G', 'Rows or pictures side by side'],
  ]],
  ['In a table of runs', [['/', 'Find runs'], ['↑ ↓ X Space Enter', 'As in the task table'], ['Del', 'Delete the selected runs']]],
  ['On a chart', [['← →', 'Walk its values'], ['+ −', 'Look closer, and back'], ['0', 'See all of it']]],
  ['Among experiments and models', [['E', 'New experiment'], ['M', 'New model']]],
  ['Among the repos', [['R', 'New repo'], ['U', 'Add files to the open folder'], ['/', 'Find a file'], ['↑ ↓', 'Walk the files']]],
  ['In a lineage', [['← →', 'To what it is made of, to what came of it'], ['↑ ↓', 'Among its like'], ['Enter', 'Look from there']]],
  ['On the label page', [
    ['V', 'Select'], ['H or Space', 'Move the picture'], ['R P O K', 'Rectangle, polygon, ellipse, point'], ['1 … 9 0', 'Labels'], ['/', 'Find a label'],
    ['A', 'Accept all suggestions'], ['Enter', 'Submit'], ['S', 'Skip'], ['Del', 'Delete'], [`${MOD} Z`, 'Undo'], [`${MOD} Shift Z`, 'Redo'], ['[ ]', 'Previous and next task'],
    ['Tab', 'Next region'],
  ]],
];

/** Which key does what. */
export function KeySheet() {
  const show = useOverlay((state) => state.show);
  return (
    <Dialog title="Keys" onClose={() => show(null)} wide>
      <div className="key-sheet" role="region" aria-label="Keys by place" tabIndex={0}>
        {SHEET.map(([where, rows]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>{rows.map(([keys, what]) => <div key={keys}><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div>)}</dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
