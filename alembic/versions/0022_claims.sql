-- By whom posts of other servers may be found, where they say so themselves (searchableBy); of all others their author's
-- wish counts. 0: everybody, 1: followers, 2: the author alone.

create table search_consents (
    status_id bigint primary key references statuses on delete cascade,
    level smallint not null
);

-- How many follow an account, whom it follows, and what it has posted, as its own server says.

alter table account_stats
    add column claimed_followers integer,
    add column claimed_following integer,
    add column claimed_statuses integer;
