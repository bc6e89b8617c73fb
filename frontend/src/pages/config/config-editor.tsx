import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { xml } from '@codemirror/lang-xml';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import type { ConfigProblem } from '../../api/types';
import { ELEMENTS } from './elements';

interface EditorProps {
  value: string;
  onChange: (value: string) => void;
  problems: readonly ConfigProblem[];
  label: string;
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: 'var(--accent)' },
  { tag: tags.attributeName, color: 'var(--text-2)' },
  { tag: tags.attributeValue, color: 'var(--good)' },
  { tag: [tags.comment], color: 'var(--text-3)', fontStyle: 'italic' },
]);

const LOOK = EditorView.theme({
  '&': { fontSize: '12px', backgroundColor: 'var(--surface)', color: 'var(--text)', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'color-mix(in srgb, var(--accent) 26%, transparent)' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--text-3)', border: '0' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--sunken) 60%, transparent)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line)', borderRadius: '8px', boxShadow: 'var(--shadow)', color: 'var(--text)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--bad)', padding: '6px 10px' },
  '.cm-lint-marker-error': { content: 'none', width: '9px', height: '9px', marginTop: '5px', borderRadius: '50%', backgroundColor: 'var(--bad)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)' },
});

/** An XML editor for label configs, with mistakes marked where they are. Escape then Tab leaves it. */
export function ConfigEditor({ value, onChange, problems, label }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const report = useRef(onChange);
  report.current = onChange;
  useEffect(() => {
    const made = new EditorView({
      parent: host.current as HTMLDivElement,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(), history(), drawSelection(), highlightActiveLine(), indentOnInput(), bracketMatching(), closeBrackets(), autocompletion(), lintGutter(),
          xml({ elements: ELEMENTS, autoCloseTags: true }), syntaxHighlighting(COLOURS), LOOK, EditorView.lineWrapping,
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of((update) => { if (update.docChanged) report.current(update.state.doc.toString()); }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
    // The editor keeps its own text; later values from outside arrive below.
  }, []); // eslint-disable-line
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const editor = view.current;
    if (editor) editor.dispatch(setDiagnostics(editor.state, problems.map((problem) => diagnosticOf(editor.state, problem))));
  }, [problems]);
  return <div className="config-editor" ref={host} />;
}

function diagnosticOf(state: EditorState, problem: ConfigProblem): Diagnostic {
  const line = state.doc.line(Math.min(Math.max(1, problem.line || 1), state.doc.lines));
  const indent = /^\s*/.exec(line.text)?.[0].length ?? 0;
  const from = Math.min(line.to, line.from + Math.max(indent, (problem.column || 1) - 1));
  return { from, to: Math.max(line.to, from), severity: 'error', message: problem.message };
}
