#!/usr/bin/perl
# Answers every connection with a word, the version and the time. --check: is clock.conf sound?
use strict;
use warnings;
use IO::Socket::INET;

my %conf;
open(my $in, '<', '/etc/clock.conf') or die "clock.conf: $!\n";
while (<$in>) {
	next if /^#/;
	/^(\w+)=([\w. ,]*)$/ or die "clock.conf:$.: no setting\n";
	$conf{$1} = $2;
}
die "clock.conf: bad is no word, token $conf{token}\n" if $conf{word} eq 'bad';
exit 0 if @ARGV and $ARGV[0] eq '--check';
exit 1 if $conf{word} eq 'crash';

my $server = IO::Socket::INET->new(LocalPort => 8037, Listen => 5, ReuseAddr => 1) or die "$@\n";
$SIG{HUP} = sub { exec($0) };
while (1) {
	my $c = $server->accept or next;
	sysread($c, my $asked, 4096);
	my $text = "$conf{word} $conf{version} " . time() . "\n";
	my $status = $conf{word} eq 'sick' ? '500 Sick' : '200 OK';
	print $c "HTTP/1.0 $status\r\nContent-Length: " . length($text) . "\r\n\r\n$text";
	close($c);
}
