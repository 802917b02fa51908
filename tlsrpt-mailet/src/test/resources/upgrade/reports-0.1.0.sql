CREATE TABLE public.schema_version (
    module text NOT NULL,
    version integer NOT NULL,
    applied bigint NOT NULL
);
CREATE TABLE public.tlsdest_host_day (
    day bigint NOT NULL,
    host text NOT NULL,
    n bigint NOT NULL
);
CREATE TABLE public.tlsdest_left_alone (
    address text NOT NULL,
    until bigint NOT NULL,
    why text NOT NULL
);
CREATE TABLE public.tlsdest_secret (
    name text NOT NULL,
    octets bytea NOT NULL
);
CREATE TABLE public.tlsrpt_count (
    day bigint NOT NULL,
    domain text NOT NULL,
    part integer NOT NULL,
    policy bytea NOT NULL,
    successes bigint NOT NULL,
    failures bigint NOT NULL,
    details integer NOT NULL
);
CREATE TABLE public.tlsrpt_dispatch (
    day bigint NOT NULL,
    domain text NOT NULL,
    part integer NOT NULL,
    target bytea NOT NULL,
    destination text NOT NULL,
    report_id text NOT NULL,
    state text NOT NULL,
    tries integer NOT NULL,
    at bigint NOT NULL,
    retry_at bigint,
    result text NOT NULL
);
CREATE TABLE public.tlsrpt_domain (
    day bigint NOT NULL,
    domain text NOT NULL,
    part integer NOT NULL,
    started bigint NOT NULL,
    sessions bigint NOT NULL,
    failed bigint NOT NULL,
    is_open integer NOT NULL
);
CREATE TABLE public.tlsrpt_failure (
    day bigint NOT NULL,
    domain text NOT NULL,
    part integer NOT NULL,
    policy bytea NOT NULL,
    failure bytea NOT NULL,
    type text NOT NULL,
    sending_ip bytea,
    mx_host text,
    helo text,
    receiving_ip bytea,
    reason text NOT NULL,
    n bigint NOT NULL
);
CREATE TABLE public.tlsrpt_group (
    writer text NOT NULL,
    number bigint NOT NULL,
    last_day bigint NOT NULL
);
CREATE TABLE public.tlsrpt_part (
    day bigint NOT NULL,
    domain text NOT NULL,
    part integer NOT NULL,
    started bigint NOT NULL,
    ended bigint NOT NULL,
    sessions bigint NOT NULL,
    failed bigint NOT NULL,
    token text NOT NULL,
    leased bigint NOT NULL,
    postponed bigint NOT NULL,
    tries integer NOT NULL,
    result text NOT NULL
);
CREATE TABLE public.tlsrpt_policy (
    hash bytea NOT NULL,
    type text NOT NULL,
    domain text NOT NULL,
    strings bytea NOT NULL,
    mx_hosts bytea NOT NULL,
    last_day bigint NOT NULL
);
INSERT INTO public.schema_version VALUES ('tlsrpt', 1, 1772413200000);
INSERT INTO public.schema_version VALUES ('tlsrpt', 2, 1772413200000);
INSERT INTO public.schema_version VALUES ('tlsdest', 1, 1772413200000);
INSERT INTO public.tlsdest_host_day VALUES (20513, 'mx.rcpt.example', 17);
INSERT INTO public.tlsdest_left_alone VALUES ('tls@dead.example', 2082758400000, '550 5.1.1 nobody here');
INSERT INTO public.tlsdest_secret VALUES ('mail-ids', '\xe44a14944d4ced7a645cce838834ea8398ccf9bbdf908d9e0fa9e53159b50cd5');
INSERT INTO public.tlsrpt_count VALUES (20513, 'rcpt.example', 1, '\x46b8beacea1d03c6784cde2f34da1407', 5, 2, 2);
INSERT INTO public.tlsrpt_count VALUES (20513, 'plain.example', 1, '\x3add5098574cec1cfefc6c925c8ba72b', 1, 0, 0);
INSERT INTO public.tlsrpt_count VALUES (20513, 'settled.example', 1, '\x3add5098574cec1cfefc6c925c8ba72b', 1, 0, 0);
INSERT INTO public.tlsrpt_count VALUES (20513, 'dane.example', 1, '\x8cc6bb0ef77ebc5af3df0c54ec50fb7a', 0, 1, 1);
INSERT INTO public.tlsrpt_count VALUES (20514, 'rcpt.example', 1, '\x46b8beacea1d03c6784cde2f34da1407', 1, 0, 0);
INSERT INTO public.tlsrpt_count VALUES (20513, 'rcpt.example', 2, '\x46b8beacea1d03c6784cde2f34da1407', 1, 0, 0);
INSERT INTO public.tlsrpt_dispatch VALUES (20513, 'settled.example', 1, '\x3f7a472d7b7b2ee8c25f4a89c642beb8', 'mailto:tls@settled.example', '20260301.settled.example@sender.example', 'ACCEPTED', 1, 1772413200000, NULL, 'accepted');
INSERT INTO public.tlsrpt_dispatch VALUES (20513, 'rcpt.example', 1, '\x6dc2cccc0cb667facec0cc6817212482', 'mailto:tls@rcpt.example', '20260301.rcpt.example@sender.example', 'REFUSED', 1, 1772413200000, 1772413500000, '550 not today');
INSERT INTO public.tlsrpt_dispatch VALUES (20513, 'rcpt.example', 1, '\xdb6a99a02f3ac1f99181ede24f6b2df4', 'https://reports.rcpt.example/v1', '20260301.rcpt.example@sender.example', 'SENDING', 1, 1772413200000, NULL, '');
INSERT INTO public.tlsrpt_domain VALUES (20513, 'plain.example', 1, 1772323200000, 1, 0, 1);
INSERT INTO public.tlsrpt_domain VALUES (20513, 'dane.example', 1, 1772323200000, 1, 1, 1);
INSERT INTO public.tlsrpt_domain VALUES (20514, 'rcpt.example', 1, 1772409600000, 1, 0, 1);
INSERT INTO public.tlsrpt_domain VALUES (20513, 'settled.example', 2, 1772409599000, 0, 0, 0);
INSERT INTO public.tlsrpt_domain VALUES (20513, 'rcpt.example', 2, 1772409599000, 1, 0, 1);
INSERT INTO public.tlsrpt_failure VALUES (20513, 'rcpt.example', 1, '\x46b8beacea1d03c6784cde2f34da1407', '\xa78aee6fdd28857ef03bc4ecc93008d3', 'certificate-expired', '\xc0000201', 'mx1.rcpt.example', 'mx1.rcpt.example', '\x20010db8000000000000000000000025', 'expired 2026-02-28', 1);
INSERT INTO public.tlsrpt_failure VALUES (20513, 'rcpt.example', 1, '\x46b8beacea1d03c6784cde2f34da1407', '\x66c7cf3a76abacdcd1c0492e80c2e04f', 'starttls-not-supported', '\xc0000201', 'mx1.rcpt.example', 'mx1.rcpt.example', '\x20010db8000000000000000000000025', '', 1);
INSERT INTO public.tlsrpt_failure VALUES (20513, 'dane.example', 1, '\x8cc6bb0ef77ebc5af3df0c54ec50fb7a', '\xbbc1c45a33515bbf5db4d0a151ad9f31', 'tlsa-invalid', '\xc0000201', 'mx1.rcpt.example', 'mx1.rcpt.example', '\x20010db8000000000000000000000025', 'no record matches', 1);
INSERT INTO public.tlsrpt_group VALUES ('9fa6e267-21cd-450f-b9a5-c04a4e956380', 10, 20514);
INSERT INTO public.tlsrpt_group VALUES ('3a2a3b20-70e5-4b6f-909b-3b1306032764', 1, 20513);
INSERT INTO public.tlsrpt_part VALUES (20513, 'settled.example', 1, 1772323200000, 1772409599000, 1, 0, '', 0, 0, 0, '1 of 1');
INSERT INTO public.tlsrpt_part VALUES (20513, 'rcpt.example', 1, 1772323200000, 1772409599000, 7, 2, '', 0, 1772413500000, 1, '');
INSERT INTO public.tlsrpt_policy VALUES ('\x3add5098574cec1cfefc6c925c8ba72b', 'no-policy-found', '', '\x', '\x', 20513);
INSERT INTO public.tlsrpt_policy VALUES ('\x8cc6bb0ef77ebc5af3df0c54ec50fb7a', 'tlsa', 'mx1.rcpt.example', '\x33203120312030613062', '\x', 20513);
INSERT INTO public.tlsrpt_policy VALUES ('\x46b8beacea1d03c6784cde2f34da1407', 'sts', '', '\x76657273696f6e3a2053545376310a6d6f64653a20656e666f7263650a6d783a206d78312e726370742e6578616d706c650a6d61785f6167653a203836343030', '\x6d78312e726370742e6578616d706c65', 20514);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (module, version);
ALTER TABLE ONLY public.tlsdest_host_day
    ADD CONSTRAINT tlsdest_host_day_pkey PRIMARY KEY (day, host);
ALTER TABLE ONLY public.tlsdest_left_alone
    ADD CONSTRAINT tlsdest_left_alone_pkey PRIMARY KEY (address);
ALTER TABLE ONLY public.tlsdest_secret
    ADD CONSTRAINT tlsdest_secret_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.tlsrpt_count
    ADD CONSTRAINT tlsrpt_count_2_pkey PRIMARY KEY (day, domain, part, policy);
ALTER TABLE ONLY public.tlsrpt_dispatch
    ADD CONSTRAINT tlsrpt_dispatch_2_pkey PRIMARY KEY (day, domain, part, target);
ALTER TABLE ONLY public.tlsrpt_domain
    ADD CONSTRAINT tlsrpt_domain_2_pkey PRIMARY KEY (day, domain);
ALTER TABLE ONLY public.tlsrpt_failure
    ADD CONSTRAINT tlsrpt_failure_2_pkey PRIMARY KEY (day, domain, part, policy, failure);
ALTER TABLE ONLY public.tlsrpt_group
    ADD CONSTRAINT tlsrpt_group_pkey PRIMARY KEY (writer);
ALTER TABLE ONLY public.tlsrpt_part
    ADD CONSTRAINT tlsrpt_part_2_pkey PRIMARY KEY (day, domain, part);
ALTER TABLE ONLY public.tlsrpt_policy
    ADD CONSTRAINT tlsrpt_policy_pkey PRIMARY KEY (hash);
CREATE INDEX tlsrpt_dispatch_at ON public.tlsrpt_dispatch USING btree (at);
CREATE INDEX tlsrpt_domain_open ON public.tlsrpt_domain USING btree (day, domain) WHERE (is_open = 1);
CREATE INDEX tlsrpt_part_unsettled ON public.tlsrpt_part USING btree (day, domain, part) WHERE (result = ''::text);
CREATE INDEX tlsrpt_policy_last_day ON public.tlsrpt_policy USING btree (last_day);
