"""The owner's page: a site's figures and plots, made here, working without JavaScript."""
