"""Documents made from synthesized templates and contracts: picture, AsyncAPI, rights, a page for each subscriber."""
