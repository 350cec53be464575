-- What reports read of terms: all of it from one index, in the order in which they are summed up.

CREATE TRIGGER term_paid_from AFTER INSERT ON subscription_term
BEGIN
	UPDATE subscription_term SET (currency, paid_from) = (SELECT s.currency,
		max(NEW.start, s.first_paid) FROM subscription s WHERE s.id = NEW.subscription)
		WHERE id = NEW.id;
END;
CREATE INDEX term_value ON subscription_term
	(currency, version, price, until, paid_from, subscription);
CREATE INDEX subscription_again ON subscription (account) WHERE number > 1;
CREATE INDEX invoice_date ON invoice (date);
