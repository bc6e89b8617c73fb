import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get, patch, post, remove } from './client';
import type { Organization, OrganizationPerson, Paged } from './types';

const ORGANIZATION = 1;
const PEOPLE_A_PAGE = 100;

export const organizationQuery = queryOptions({
  queryKey: ['organization'],
  queryFn: ({ signal }) => get<Organization>(`api/organizations/${ORGANIZATION}`, {}, signal),
});

export const renameOrganization = (title: string) => patch<Organization>(`api/organizations/${ORGANIZATION}`, { title });

/** Everybody with an account on this server. */
export const organizationPeopleQuery = infiniteQueryOptions({
  queryKey: ['people', 'organization'],
  queryFn: ({ pageParam, signal }) => get<Paged<{ user: OrganizationPerson }>>(`api/organizations/${ORGANIZATION}/memberships`, { page: pageParam, page_size: PEOPLE_A_PAGE }, signal),
  initialPageParam: 1,
  getNextPageParam: (last, pages) => (last.next ? pages.length + 1 : undefined),
});

/** They can no longer sign in, and their tokens end; what they made stays. */
export const deactivatePerson = (id: number) => remove(`api/users/${id}/`);

/** The one link by which anybody may sign up, without a role; it works until it is renewed. */
export const signUpLinkQuery = queryOptions({ queryKey: ['sign-up-link'], queryFn: async ({ signal }) => (await get<{ invite_url: string }>('api/invite', {}, signal)).invite_url });
export const renewSignUpLink = async () => (await post<{ invite_url: string }>('api/invite/reset-token')).invite_url;
