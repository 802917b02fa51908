CREATE TABLE public.schema_version (
    module text NOT NULL,
    version integer NOT NULL,
    applied bigint NOT NULL
);
CREATE TABLE public.sts_claim (
    domain text NOT NULL,
    claimant text NOT NULL,
    claimed_until bigint NOT NULL
);
CREATE TABLE public.sts_failure (
    domain text NOT NULL,
    failed_id text NOT NULL,
    retry_after bigint NOT NULL,
    problem_type text NOT NULL,
    problem_reason text NOT NULL
);
CREATE TABLE public.sts_policy (
    domain text NOT NULL,
    id text NOT NULL,
    policy text NOT NULL,
    fetched bigint NOT NULL,
    last_checked bigint NOT NULL,
    last_used bigint NOT NULL,
    refresh_at bigint NOT NULL,
    expires bigint NOT NULL,
    failed_id text,
    retry_after bigint,
    problem_type text,
    problem_reason text
);
INSERT INTO public.schema_version VALUES ('sts', 1, 1795176000000);
INSERT INTO public.sts_claim VALUES ('claimed.example', 'a server', 1795176075000);
INSERT INTO public.sts_failure VALUES ('broken.example', '77', 1795176300000, 'sts-policy-fetch-error', 'HTTP 404');
INSERT INTO public.sts_policy VALUES ('enforce.example', '20261101', 'version: STSv1
mode: enforce
mx: mx1.enforce.example
mx: *.mail.example
max_age: 31557600
x-note: déjà vu
', 1795176000000, 1795176060000, 1795179600000, 1795246000000, 1826733600000, NULL, NULL, NULL, NULL);
INSERT INTO public.sts_policy VALUES ('testing.example', '1', 'version: STSv1
mode: testing
mx: mx.testing.example
max_age: 604800
', 1795089600000, 1795176000000, 1795176000000, 1795177800000, 1795694400000, '2', 1795176300000, 'sts-webpki-invalid', 'certificate: expired');
INSERT INTO public.sts_policy VALUES ('none.example', 'x', 'version: STSv1
mode: none
max_age: 86400
', 1795176000000, 1795176000000, 1795176000000, 1795216000000, 1795262400000, NULL, NULL, NULL, NULL);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (module, version);
ALTER TABLE ONLY public.sts_claim
    ADD CONSTRAINT sts_claim_pkey PRIMARY KEY (domain);
ALTER TABLE ONLY public.sts_failure
    ADD CONSTRAINT sts_failure_pkey PRIMARY KEY (domain);
ALTER TABLE ONLY public.sts_policy
    ADD CONSTRAINT sts_policy_pkey PRIMARY KEY (domain);
CREATE INDEX sts_failure_retry_after ON public.sts_failure USING btree (retry_after);
CREATE INDEX sts_policy_expires ON public.sts_policy USING btree (expires);
CREATE INDEX sts_policy_refresh_at ON public.sts_policy USING btree (refresh_at);
