#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The printed document: text, HTML, PDF, the logo on it.

load helper

setup() {
	setup_home 2026-03-01
	pages=$BATS_TEST_TMPDIR
	run_sxc config set seller.name "Müller & Söhne <Hosting>"
	run_sxc config set seller.address $'Hauptstraße 1\n10115 Berlin'
	run_sxc config set seller.tax-id DE123456789
	run_sxc config set seller.bank $'IBAN DE02 1203 0000 0000 2020 51\nBIC BYLADEM1001'
	run_sxc invoice tax add vat --rate 19% --note "as <agreed>"
	run_sxc account add ada --email ada@example.net --tax vat --contact "name=東京 ホスティング" \
		--contact "company=شركة الأمل" --contact "street=Улица 5" --contact city=Αθήνα
	printf 'plan: web\ntitle: "Web & <b>mail</b>"\ncurrency: USD\nprice: 24.95\nevery: 1 month\n' \
		>"$pages/plan.yaml"
	run_sxc plan apply "$pages/plan.yaml"
	run_sxc account credit ada 5 --reason outage
	run_sxc account subscribe ada web
	assert_ok "ada/1 subscribed to web"
}

bill() {
	run_sxc invoice run
	assert_status 0
}

pdf() { # number, file
	"$SXC" invoice export "$1" --format pdf >"$2" 2>"$2.err" || { cat "$2.err" && false; }
}

# A picture of one colour: width, height, file.
png() {
	python3 - "$@" <<-'END'
		import struct, sys, zlib
		w, h, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
		chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
		rows = (b"\0" + bytes((20, 90, 200)) * w) * h
		open(path, "wb").write(b"\x89PNG\r\n\x1a\n" +
			chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
			chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
	END
}

@test "text has the discounts, taxes, credit and where to pay" {
	bill
	run_sxc invoice export 2026-000001
	assert_ok
	assert_out_like "INVOICE 2026-000001 +2026-03-01"
	assert_out_like "vat 19% of 24.95 +4.74"
	assert_out_has "  as <agreed>"
	assert_out_like "To pay USD +24.69"
	assert_out_has "Pay to  IBAN DE02 1203 0000 0000 2020 51"
}

@test "HTML is one page that says its language, loads nothing, and escapes what others wrote" {
	png 40 20 "$pages/logo.png"
	run_sxc config set seller.logo "$pages/logo.png"
	assert_ok "seller.logo set"
	bill
	run_sxc invoice export 2026-000001 --format html
	assert_ok
	assert_out_has '<html lang="en">'
	assert_out_has 'Web &amp; &lt;b&gt;mail&lt;/b&gt;'
	assert_out_has 'Müller &amp; Söhne &lt;Hosting&gt;'
	assert_out_has '東京 ホスティング'
	assert_out_has 'src="data:image/png;base64,'
	assert_out_has '<dt>Reference</dt><dd>2026-000001</dd>'
	assert_out_lacks '<b>'
	assert_out_lacks 'http'
}

@test "PDF: every script is readable, fonts and logo are in it, the sums are right" {
	png 300 100 "$pages/logo.png"
	run_sxc config set seller.logo "$pages/logo.png"
	bill
	pdf 2026-000001 "$pages/a.pdf"
	text=$(pdftotext -layout "$pages/a.pdf" -)
	for word in "Müller & Söhne <Hosting>" "東京" "Улица 5" "Αθήνα" "Web & <b>mail</b>" "24.95" \
		"vat 19% of 24.95" "as <agreed>" "Payment slip" "24.69 USD" "BIC BYLADEM1001"; do
		grep -qF "$word" <<<"$text" || { echo "no '$word' in $text" && false; }
	done
	# Embedded and with the characters behind the glyphs.
	pdffonts "$pages/a.pdf" | awk 'NR > 2 && !/yes yes yes/ {print; bad = 1} END {exit bad}'
	pdfimages -list "$pages/a.pdf" | grep -qE 'image +300 +100 '
	# The logo stands at the right of the top, and nothing beside it but the title at the left.
	pdftoppm -r 36 -f 1 -l 1 "$pages/a.pdf" "$pages/a"
	python3 - "$pages"/a-1.ppm <<-'END'
		import sys
		data = open(sys.argv[1], "rb").read().split(b"\n", 3)
		w, h = map(int, data[1].split())
		blue = [(i % w, i // w) for i in range(w * h)
			if data[3][3 * i + 2] - data[3][3 * i] > 120]
		xs, ys = [x for x, _ in blue], [y for _, y in blue]
		assert (w, h) in ((298, 421), (297, 421), (298, 420)), (w, h)
		assert min(xs) > w / 2 and max(xs) <= w * 0.91, (min(xs), max(xs))
		assert 26 <= min(ys) and max(ys) < 60, (min(ys), max(ys))
	END
}

@test "PDF: the same bytes after a second, another name, price, tax and logo" {
	png 40 20 "$pages/logo.png"
	png 20 40 "$pages/other.png"
	run_sxc config set seller.logo "$pages/logo.png"
	bill
	pdf 2026-000001 "$pages/a.pdf"
	"$SXC" invoice export 2026-000001 --format html >"$pages/a.html"
	sleep 1.1
	run_sxc config set seller.logo "$pages/other.png"
	run_sxc config set seller.bank "elsewhere"
	run_sxc config set seller.name "Another"
	run_sxc account set ada --contact city=Rome --no-tax
	run_sxc invoice tax set vat --rate 50% --from 2020-01-01
	pdf 2026-000001 "$pages/b.pdf"
	cmp "$pages/a.pdf" "$pages/b.pdf"
	"$SXC" invoice export 2026-000001 --format html | cmp - "$pages/a.html"
}

@test "PDF: many lines go over several pages, the slip is on the last" {
	for i in $(seq 60); do
		echo "account charge ada $i.00 --reason \"work on day $i\""
	done | "$SXC" shell >/dev/null
	bill
	pdf 2026-000001 "$pages/a.pdf"
	pages_n=$(pdfinfo "$pages/a.pdf" | awk '/^Pages:/ {print $2}')
	[ "$pages_n" -ge 2 ]
	text=$(pdftotext -layout "$pages/a.pdf" -)
	for i in $(seq 60); do
		grep -qE "work on day $i " <<<"$text" || { echo "no line $i" && false; }
	done
	[ "$(pdftotext -f "$pages_n" -layout "$pages/a.pdf" - | grep -c "Payment slip")" = 1 ]
}

@test "a credit note has no slip and names what it corrects" {
	bill
	run_sxc invoice credit-note 2026-000001 --reason "an <outage>" -y
	pdf CN-2026-000001 "$pages/a.pdf"
	text=$(pdftotext -layout "$pages/a.pdf" -)
	grep -qF "corrects invoice 2026-000001: an <outage>" <<<"$text"
	! grep -q "Payment slip" <<<"$text"
}

@test "a JPEG logo goes in as it is; other files and damaged ones are refused" {
	bill
	pdf 2026-000001 "$pages/a.pdf"
	pdftoppm -r 20 -jpeg "$pages/a.pdf" "$pages/pic"
	run_sxc config set seller.logo "$pages/pic-1.jpg"
	assert_ok "seller.logo set"
	run_sxc account charge ada 1 --reason once
	bill
	pdf 2026-000002 "$pages/b.pdf"
	pdfimages -list "$pages/b.pdf" | grep -q ' jpeg '
	png 40 20 "$pages/logo.png"
	head -c 60 "$pages/logo.png" >"$pages/cut.png"
	run_sxc config set seller.logo "$pages/cut.png"
	assert_refused 2 "$pages/cut.png cannot be drawn: it is damaged"
	run_sxc config set seller.logo "$pages/plan.yaml"
	assert_refused 2 "$pages/plan.yaml is neither a PNG nor a JPEG picture"
	run_sxc config set seller.logo "$pages/none.png"
	assert_refused 1 "$pages/none.png: No such file or directory"
	head -c 1100000 /dev/zero >"$pages/big.png"
	run_sxc config set seller.logo "$pages/big.png"
	assert_refused 2 "$pages/big.png: a logo is a file of at most 1 MiB"
}

@test "a form that is none, a missing program and a missing document are refused" {
	bill
	run_sxc invoice export 2026-000001 --format rtf
	assert_refused 2 "--format: 'rtf' is not one of text, html, pdf"
	run_sxc invoice export 2026-000009 --format pdf
	assert_refused 3 "no invoice named '2026-000009'"
	SXC_PAPER=/nowhere/sxc-paper run_sxc invoice export 2026-000001 --format pdf
	assert_refused_like 5 "/nowhere/sxc-paper cannot be run"
}
