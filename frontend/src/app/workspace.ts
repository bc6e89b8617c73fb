import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { create } from 'zustand';
import { membersQuery } from '../api/members';
import { sessionQuery } from '../api/session';
import type { Workspace } from '../api/types';

const KEY = 'treadle.workspace';

interface WorkspaceChoice {
  id: number | undefined;
  choose: (id: number) => void;
}

export const useWorkspaceChoice = create<WorkspaceChoice>((set) => ({
  id: Number(safely(() => localStorage.getItem(KEY))) || undefined,
  choose: (id) => {
    safely(() => localStorage.setItem(KEY, String(id)));
    set({ id });
  },
}));

/** The workspace that the person looks at: the chosen one while they belong to it, else their first with projects. */
export function useWorkspace(): Workspace | undefined {
  const { workspaces } = useSuspenseQuery(sessionQuery).data;
  const chosen = useWorkspaceChoice((state) => state.id);
  return workspaces.find((workspace) => workspace.id === chosen) ?? workspaces.find((workspace) => workspace.projects) ?? workspaces[0];
}

/** The role that counts in a project: one that was given there, else that of the workspace. */
export function useRoleIn(project: number | undefined): Pick<Workspace, 'role'> | undefined {
  const workspace = useWorkspace();
  const { user } = useSuspenseQuery(sessionQuery).data;
  const here = useQuery({ ...membersQuery({ project: project ?? 0 }), enabled: project !== undefined, staleTime: 60_000 }).data?.find((member) => member.user.id === user?.id);
  return here && !user?.is_admin ? here : workspace;
}

export type Act = 'label' | 'export' | 'edit' | 'manage';

const ROLE_ACTS: Record<string, readonly Act[]> = {
  viewer: ['export'],
  annotator: ['label'],
  reviewer: ['label', 'export'],
  editor: ['label', 'export', 'edit'],
  manager: ['label', 'export', 'edit', 'manage'],
  owner: ['label', 'export', 'edit', 'manage'],
};

/** Whether a role may do this. The server decides; the pages only leave out what it would refuse. */
export const may = (workspace: Pick<Workspace, 'role'> | undefined, act: Act): boolean =>
  workspace !== undefined && (ROLE_ACTS[workspace.role] ?? []).includes(act);

function safely<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
