-- What a profile shows in its own tabs, and when its links were last looked at.
alter table accounts
    add column show_media boolean not null default true,
    add column show_media_replies boolean not null default true,
    add column show_featured boolean not null default true,
    add column links_checked_at timestamptz;
create index accounts_links on accounts (links_checked_at nulls first)
    where fields <> '[]' and (is_local or links_checked_at is not null);
create index accounts_directory on accounts (id desc) where discoverable;
create index endorsements_listing on endorsements (account_id, id desc);
create index endorsements_target on endorsements (target_id);

-- Who a page says has written it. Clients are told only if the account vouches for the page's host.
alter table preview_cards
    add column author_account_id bigint references accounts on delete set null,
    add column author_vouches boolean not null default false;
create index preview_cards_author on preview_cards (author_account_id) where author_account_id is not null;
create index preview_cards_fetched on preview_cards (fetched_at);

-- What the operator says, in Markdown. Each version is kept.
create table documents (
    id bigint primary key default timestamp_id(),
    kind text not null check (kind in ('privacy_policy', 'terms_of_service', 'extended_description')),
    text text not null,
    effective_date date not null default current_date,
    created_at timestamptz not null default now(),
    unique (kind, effective_date)
);

create table translations (                           -- of a version of a post, as the translator gave them
    status_id bigint not null references statuses on delete cascade,
    version int not null,
    language text not null,
    body jsonb not null,
    created_at timestamptz not null default now(),
    primary key (status_id, language)
);
create index translations_created on translations (created_at);

-- By week (its Monday): how many local posts and new people; and who was here.
create table activity_weeks (
    week date primary key,
    statuses bigint not null default 0,
    registrations bigint not null default 0
);
create table activity_people (
    week date not null,
    account_id bigint not null references accounts on delete cascade,
    primary key (week, account_id)
);
create index activity_people_account on activity_people (account_id);

insert into activity_weeks (week, statuses)
select date_trunc('week', created_at)::date, count(*) from statuses
where is_local and reblog_of_id is null and created_at > now() - interval '13 weeks' group by 1;

insert into activity_weeks (week, registrations)
select date_trunc('week', created_at)::date, count(*) from users
where created_at > now() - interval '13 weeks' group by 1
on conflict (week) do update set registrations = excluded.registrations;

insert into activity_people (week, account_id)
select date_trunc('week', last_active_at)::date, account_id from account_settings
where last_active_at > now() - interval '13 weeks';
